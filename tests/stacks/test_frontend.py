"""The site: private files, one origin for page and API, security headers, config.json, and the sign-in client."""

import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from tests.stacks.conftest import Resource, Synthesised, named


def distribution(stage: Synthesised) -> Resource:
    (found,) = stage.resources("AWS::CloudFront::Distribution").values()
    config: Resource = found["Properties"]["DistributionConfig"]
    return config


def security_headers(stage: Synthesised) -> dict[str, Any]:
    (policy,) = stage.resources("AWS::CloudFront::ResponseHeadersPolicy").values()
    headers: dict[str, Any] = policy["Properties"]["ResponseHeadersPolicyConfig"]
    return headers


def deployments(stage: Synthesised) -> dict[str, Resource]:
    """The deployments of files, by their Cache-Control header."""
    found = stage.resources("Custom::CDKBucketDeployment").values()
    return {deployment["Properties"]["SystemMetadata"]["cache-control"]: deployment for deployment in found}


def config_of(stage: Synthesised) -> dict[str, Any]:
    """The content of config.json, with references replaced by logical ids."""
    page = deployments(stage)["no-cache"]["Properties"]
    (text,) = [path.read_text() for path in stage.folder.glob("asset.*/config.json")]
    for markers in page["SourceMarkers"]:
        for marker, value in markers.items():
            text = text.replace(marker, named(value))
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def test_only_the_distribution_reads_the_files(stage: Synthesised) -> None:
    """Public access to the bucket is blocked, and plain HTTP is denied."""
    for key, bucket in stage.resources("AWS::S3::Bucket").items():
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}, key
    statements = [
        statement
        for policy in stage.resources("AWS::S3::BucketPolicy", "Frontend").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    assert any(statement["Effect"] == "Deny" and "Bool" in statement["Condition"] for statement in statements)
    rights = rights_of_the_distribution(stage)
    assert set(rights) == {"s3:GetObject", "s3:ListBucket"}
    assert re.fullmatch(r"<Site\w+\.Arn>/\*", rights["s3:GetObject"])


def test_names_of_cloudfront_contain_the_region(stage: Synthesised) -> None:
    """They are unique in the account: with the same names, a stage could be deployed to one region only."""
    names = {}
    for key, resource in stage.all_resources("Frontend"):
        if resource["Type"].startswith("AWS::CloudFront::"):
            properties = resource["Properties"]
            (config,) = [value for name, value in properties.items() if name.endswith("Config")]
            name = properties.get("Name") or config.get("Name")
            if name:
                names[key] = named(name)
    assert len(names) == (4 if stage.stage == "prod" else 3)
    for key, name in names.items():
        assert "<AWS::Region>" in name, key


def test_a_missing_asset_is_answered_404(stage: Synthesised) -> None:
    """S3 answers 403 to a reader that may not list the bucket, so that a missing file looks like a refusal."""
    assert re.fullmatch(r"<Site\w+\.Arn>", rights_of_the_distribution(stage)["s3:ListBucket"])


def test_no_request_gets_a_list_of_the_files(stage: Synthesised) -> None:
    """The root is a file, and the distribution forwards no query string, such as ?list-type=2."""
    assert distribution(stage)["DefaultRootObject"] == "index.html"
    behaviour = distribution(stage)["DefaultCacheBehavior"]
    assert behaviour["CachePolicyId"] == "658327ea-f89d-4fab-a63d-7e88639e58f6"  # AWS's CachingOptimized
    assert "OriginRequestPolicyId" not in behaviour


def rights_of_the_distribution(stage: Synthesised) -> dict[str, str]:
    """What CloudFront may do with the site's bucket, for this distribution alone: {action: resource}."""
    rights = {}
    for policy in stage.resources("AWS::S3::BucketPolicy", "Frontend").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}:
                assert statement["Effect"] == "Allow"
                (source,) = statement["Condition"]["StringEquals"].values()
                assert re.search(r":distribution/<Distribution\w+>$", named(source))
                rights[statement["Action"]] = named(statement["Resource"])
    return rights


def test_the_api_has_the_sites_origin_and_is_not_cached(stage: Synthesised) -> None:
    """One origin for the browser: no CORS is needed, and the token is forwarded."""
    (api,) = distribution(stage)["CacheBehaviors"]
    assert api["PathPattern"] == "/api/*"
    assert api["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # AWS's CachingDisabled
    assert api["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"  # AllViewerExceptHostHeader
    assert "DELETE" in api["AllowedMethods"]
    # In prod, the function that adds the viewer's address for the web ACL; never the one that serves the page.
    assert ("FunctionAssociations" in api) is (stage.stage == "prod")
    origin = next(origin for origin in distribution(stage)["Origins"] if origin["Id"] == api["TargetOriginId"])
    assert ".execute-api." in named(origin["DomainName"])
    # /api/x must arrive as API stage `api`, resource `/x`.
    assert not origin.get("OriginPath")


def test_errors_are_passed_on_and_not_cached(stage: Synthesised) -> None:
    """CloudFront caches these statuses for 10 s by default, for all users: the cache key of the API is the path.

    Error responses apply to all behaviours of a distribution: with a page, the API's 404 would become index.html.
    """
    responses = distribution(stage)["CustomErrorResponses"]
    assert all(set(response) == {"ErrorCode", "ErrorCachingMinTTL"} for response in responses)
    assert {response["ErrorCachingMinTTL"] for response in responses} == {0}
    statuses = [response["ErrorCode"] for response in responses]
    assert statuses == [404, 405, 414, 500, 501, 502, 503, 504]


@pytest.mark.parametrize(
    ("path", "served"),
    [
        ("/", "/index.html"),
        ("/c/general", "/index.html"),
        ("/c/general/", "/index.html"),
        ("/assets/index-1a2b3c.js", "/assets/index-1a2b3c.js"),
        ("/config.json", "/config.json"),
        ("/v1.2/people", "/index.html"),
    ],
)
def test_every_path_of_the_page_serves_the_page(dev: Synthesised, path: str, served: str) -> None:
    """Runs the code of the CloudFront function in Node."""
    node = shutil.which("node")
    assert node
    [function] = dev.resources("AWS::CloudFront::Function").values()  # prod has another, for the web ACL
    call = f"console.log(handler({{request: {{uri: {json.dumps(path)}}}}}).uri)"
    code = f"{function['Properties']['FunctionCode']}; {call}"
    outcome = subprocess.run([node, "-e", code], capture_output=True, text=True, check=True)
    assert outcome.stdout.strip() == served


def test_the_page_runs_its_own_scripts_only(stage: Synthesised) -> None:
    """Injected markup cannot run scripts or send data to other hosts."""
    policy = security_headers(stage)["SecurityHeadersConfig"]["ContentSecurityPolicy"]
    text = named(policy["ContentSecurityPolicy"])
    directives = {name: rest for name, _, rest in (part.strip().partition(" ") for part in text.split(";"))}
    assert "unsafe" not in text
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert directives["frame-ancestors"] == "'none'"
    own, socket, sign_in = directives["connect-src"].split(" ")
    assert own == "'self'"
    assert re.fullmatch(r"wss://<[^>]+>\.execute-api\.<AWS::Region>\.<AWS::URLSuffix>", socket)
    assert re.fullmatch(r"https://<[^>]+>\.auth\.<AWS::Region>\.amazoncognito\.com", sign_in)


def test_security_headers_are_set(stage: Synthesised) -> None:
    """HTTPS for a year, no sniffing, no frames, no referrer, no camera."""
    headers = security_headers(stage)
    security = headers["SecurityHeadersConfig"]
    assert security["StrictTransportSecurity"] == {
        "AccessControlMaxAgeSec": 365 * 24 * 3600,
        "IncludeSubdomains": True,
        "Override": True,
    }
    assert security["ContentTypeOptions"]["Override"] is True
    assert security["FrameOptions"]["FrameOption"] == "DENY"
    assert security["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"
    custom = {header["Header"] for header in headers["CustomHeadersConfig"]["Items"]}
    assert "Permissions-Policy" in custom
    behaviours = [distribution(stage)["DefaultCacheBehavior"], *distribution(stage)["CacheBehaviors"]]
    assert len({named(behaviour["ResponseHeadersPolicyId"]) for behaviour in behaviours}) == 1


def test_the_page_is_revalidated_and_assets_are_cached(stage: Synthesised) -> None:
    """The names of assets contain a hash of their content. The page refers to them and is deployed after them."""
    found = deployments(stage)
    assert set(found) == {"no-cache", "public, max-age=31536000, immutable"}
    page = found["no-cache"]
    assert page["Properties"]["DistributionPaths"] == ["/*"]
    assert any("Assets" in dependency for dependency in page["DependsOn"])
    assert all(each["Properties"]["Prune"] is False for each in found.values())


def test_config_json_contains_what_the_ui_reads(stage: Synthesised) -> None:
    """The addresses of the stage's parts."""
    config = config_of(stage)
    assert set(config) == {"stage", "region", "apiUrl", "websocketUrl", "auth", "console", "inspector"}
    assert config["stage"] == stage.stage
    assert config["apiUrl"] == "/api"
    assert re.fullmatch(
        r"wss://<[^>]+>\.execute-api\.<AWS::Region>\.<AWS::URLSuffix>/socket", config["websocketUrl"]
    )
    assert config["inspector"] is (stage.stage != "prod")
    assert set(config["console"]) == {"workflow", "dashboard", "traces", "logs"}
    auth = config["auth"]
    assert auth["scopes"] == "openid profile email"
    assert auth["authority"].startswith("https://cognito-idp.<AWS::Region>.amazonaws.com/<")
    host = re.match(r"https://<[^>]+>\.auth\.<AWS::Region>\.amazoncognito\.com/", auth["authorizationEndpoint"])
    assert host
    endpoints = {
        "authorizationEndpoint": "oauth2/authorize",
        "tokenEndpoint": "oauth2/token",
        "revocationEndpoint": "oauth2/revoke",
        "signOutUrl": "logout",
    }
    for name, path in endpoints.items():
        assert auth[name] == f"{host.group()}{path}"


def test_sign_in_uses_an_authorization_code_and_returns_to_the_site(
    dev: Synthesised, prod: Synthesised, full: Synthesised
) -> None:
    """No implicit flow, no secret in a browser; sign-in with a password by API in a demo only."""
    for stage in (dev, prod, full):
        (client,) = stage.resources("AWS::Cognito::UserPoolClient").values()
        properties = client["Properties"]
        assert properties["AllowedOAuthFlows"] == ["code"]
        assert properties["GenerateSecret"] is False
        assert properties["PreventUserExistenceErrors"] == "ENABLED"
        site_urls = [named(url) for url in properties["CallbackURLs"]]
        assert site_urls == [named(url) for url in properties["LogoutURLs"]]
        own_domain = r"https://chat\.example\.com/"
        expected = own_domain if stage is full else r"https://<Distribution\w+\.DomainName>/"
        assert re.fullmatch(expected, site_urls[0])
        assert site_urls[1:] == (["http://localhost:4280/"] if stage is dev else [])
        by_password = "ALLOW_USER_PASSWORD_AUTH" in properties["ExplicitAuthFlows"]
        assert by_password is (stage is full)


def test_sign_in_does_not_reveal_whether_an_account_exists(stage: Synthesised) -> None:
    """A wrong name and a wrong password are answered the same, and the tokens of a sign-in can be revoked."""
    (client,) = stage.resources("AWS::Cognito::UserPoolClient").values()
    assert client["Properties"]["PreventUserExistenceErrors"] == "ENABLED"
    assert client["Properties"]["EnableTokenRevocation"] is True
