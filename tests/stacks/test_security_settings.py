"""Settings that protect a stage, as they are in the templates: access logs, TLS, web ACL, throttles, log level."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.stacks.conftest import Resource, Synthesised, named


def properties(stage: Synthesised, kind: str) -> Resource:
    """Return the properties of the only resource of a type."""
    (resource,) = stage.resources(kind).values()
    found: Resource = resource["Properties"]
    return found


def distribution(stage: Synthesised) -> Resource:
    config: Resource = properties(stage, "AWS::CloudFront::Distribution")["DistributionConfig"]
    return config


def types(stage: Synthesised) -> set[str]:
    return {resource["Type"] for _, resource in stage.all_resources()}


def test_both_apis_and_the_distribution_log_their_requests(
    dev: Synthesised, prod: Synthesised, full: Synthesised
) -> None:
    """With `accessLogs`, which is on in prod."""
    for stage, expected in ((dev, False), (prod, True), (full, True)):
        logged = [
            "AccessLogSettings" in properties(stage, "AWS::ApiGatewayV2::Stage"),
            "AccessLogSetting" in properties(stage, "AWS::ApiGateway::Stage"),
            "Logging" in distribution(stage),
        ]
        assert logged == [expected] * 3, stage.stage


def test_the_stages_own_domains_take_tls_1_2_or_newer(stage: Synthesised, full: Synthesised) -> None:
    """CloudFront's own domain takes TLS 1.0, whatever the distribution says."""
    assert "ViewerCertificate" not in distribution(stage)
    assert "AWS::ApiGatewayV2::DomainName" not in types(stage)

    assert distribution(full)["Aliases"] == ["chat.example.com"]
    certificate = distribution(full)["ViewerCertificate"]
    assert certificate["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert ":us-east-1:" in certificate["AcmCertificateArn"]
    socket = properties(full, "AWS::ApiGatewayV2::DomainName")
    (configuration,) = socket["DomainNameConfigurations"]
    assert (socket["DomainName"], configuration["SecurityPolicy"]) == ("socket.chat.example.com", "TLS_1_2")
    mapping = properties(full, "AWS::ApiGatewayV2::ApiMapping")
    assert "ApiMappingKey" not in mapping, "the address has no path"


def test_the_rest_apis_own_host_takes_tls_1_2_or_newer(stage: Synthesised, full: Synthesised) -> None:
    """It is open in addition to the distribution, and a regional REST API takes TLS 1.0 unless it has a policy."""
    for each in (stage, full):
        api = properties(each, "AWS::ApiGateway::RestApi")
        assert api["SecurityPolicy"] == "SecurityPolicy_TLS13_1_2_2021_06", each.stage
        # Such a policy needs this setting. BASIC checks nothing else.
        assert api["EndpointAccessMode"] == "BASIC", each.stage


def test_the_distribution_speaks_tls_1_2_with_the_rest_api(stage: Synthesised) -> None:
    """Its requests contain the users' tokens."""
    (api,) = (origin for origin in distribution(stage)["Origins"] if "CustomOriginConfig" in origin)
    assert api["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]
    assert api["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"


def test_the_hosted_zone_has_a_record_for_each_domain(full: Synthesised) -> None:
    """For IPv4 and IPv6."""
    records = [record["Properties"] for record in full.resources("AWS::Route53::RecordSet").values()]
    assert {(record["Name"], record["Type"]) for record in records} == {
        (name, kind) for name in ("chat.example.com", "socket.chat.example.com") for kind in ("A", "AAAA")
    }
    assert {record["HostedZoneId"] for record in records} == {"Z0123456789ABCDEFGHIJ"}
    targets = {record["Name"]: named(record["AliasTarget"]["DNSName"]) for record in records}
    assert "Distribution" in targets["chat.example.com"]
    assert "RegionalDomainName" in targets["socket.chat.example.com"]


def test_the_page_connects_to_the_stages_own_domain(full: Synthesised) -> None:
    """And to no other host. Functions post through the API's own host, which a custom domain does not replace."""
    (headers,) = full.resources("AWS::CloudFront::ResponseHeadersPolicy").values()
    text = named(headers["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"])
    assert "wss://socket.chat.example.com" in text
    assert full.outputs("WebSocketApi")["WebSocketUrl"] == "wss://socket.chat.example.com"
    assert full.outputs("Frontend")["SiteUrl"] == "https://chat.example.com"
    endpoints = {
        named(function["Properties"]["Environment"]["Variables"]["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"])
        for function in full.resources("AWS::Lambda::Function").values()
        if "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"
        in function["Properties"].get("Environment", {}).get("Variables", {})
    }
    assert endpoints
    assert all(".execute-api." in endpoint for endpoint in endpoints)


def rate_rules(stage: Synthesised) -> dict[str, dict[str, Any]]:
    """The statement of each rule of the web ACL."""
    rules = properties(stage, "AWS::WAFv2::WebACL")["Rules"]
    assert all(rule["Action"] == {"Block": {}} for rule in rules)
    return {rule["Name"]: rule["Statement"]["RateBasedStatement"] for rule in rules}


def test_the_web_acl_limits_an_address(dev: Synthesised, prod: Synthesised) -> None:
    """Of the REST API and of the user pool; it cannot be attached to a WebSocket API."""
    assert not [kind for kind in types(dev) if kind.startswith("AWS::WAF")]
    rules = rate_rules(prod)
    assert {(rule["Limit"], rule["EvaluationWindowSec"]) for rule in rules.values()} == {(10_000, 300)}
    attached = [
        named(each["Properties"]["ResourceArn"])
        for each in prod.resources("AWS::WAFv2::WebACLAssociation").values()
    ]
    assert len(attached) == 2
    assert any(arn.startswith("<Users") for arn in attached)
    assert any(":apigateway:" in arn and "/restapis/" in arn for arn in attached)


def test_a_request_through_the_site_counts_for_its_viewer(prod: Synthesised) -> None:
    """Its address at the REST API is CloudFront's. A client that claims another address counts for its own."""
    rules = rate_rules(prod)
    proof = rules["RequestsThroughTheSite"]["ScopeDownStatement"]
    assert rules["DirectRequests"]["ScopeDownStatement"] == {"NotStatement": {"Statement": proof}}
    assert rules["DirectRequests"]["AggregateKeyType"] == "IP"
    assert rules["RequestsThroughTheSite"]["AggregateKeyType"] == "FORWARDED_IP"
    # A request whose header has no address is blocked, and cannot evade the limit.
    assert rules["RequestsThroughTheSite"]["ForwardedIPConfig"]["FallbackBehavior"] == "MATCH"

    (origin,) = (origin for origin in distribution(prod)["Origins"] if "CustomOriginConfig" in origin)
    (header,) = origin["OriginCustomHeaders"]
    match = proof["ByteMatchStatement"]
    assert match["FieldToMatch"]["SingleHeader"]["Name"] == header["HeaderName"]
    # Both are references to the secret, which no template contains.
    for value in (header["HeaderValue"], match["SearchString"]):
        assert named(value).startswith("{{resolve:secretsmanager:<")
    assert "FirewallEdgeKey" in named(match["SearchString"])


def test_the_viewer_cannot_set_its_own_address(prod: Synthesised) -> None:
    """Runs the code of the CloudFront function in Node."""
    node = shutil.which("node")
    assert node
    (api,) = distribution(prod)["CacheBehaviors"]
    (association,) = api["FunctionAssociations"]
    assert association["EventType"] == "viewer-request"
    name = association["FunctionARN"]["Fn::GetAtt"][0]
    code = prod.templates["Frontend"]["Resources"][name]["Properties"]["FunctionCode"]
    header = rate_rules(prod)["RequestsThroughTheSite"]["ForwardedIPConfig"]["HeaderName"]
    event = {"viewer": {"ip": "2001:db8::1"}, "request": {"headers": {header: {"value": "198.51.100.7"}}}}
    call = f"console.log(JSON.stringify(handler({json.dumps(event)}).headers))"
    outcome = subprocess.run([node, "-e", f"{code}; {call}"], capture_output=True, text=True, check=True)
    assert json.loads(outcome.stdout) == {header: {"value": "2001:db8::1"}}


def test_a_refusal_of_the_web_acl_is_a_rate_limit(stage: Synthesised) -> None:
    """API Gateway would answer 403, which the client takes for a missing right."""
    (refusal,) = (
        response["Properties"]
        for response in stage.resources("AWS::ApiGateway::GatewayResponse").values()
        if response["Properties"]["ResponseType"] == "WAF_FILTERED"
    )
    assert refusal["StatusCode"] == "429"
    assert '"RATE_LIMITED"' in refusal["ResponseTemplates"]["application/json"]


def test_a_web_acl_of_the_distribution(stage: Synthesised, full: Synthesised) -> None:
    """Only if the settings name one, which is in us-east-1."""
    assert "WebACLId" not in distribution(stage)
    assert ":global/webacl/chat/" in distribution(full)["WebACLId"]


@pytest.mark.parametrize(
    ("name", "frames", "pings", "requests"),
    [("prod", (1000, 2000), (300, 600), (500, 1000)), ("full", (300, 400), (40, 50), (100, 200))],
)
def test_the_throttles_of_all_clients(
    request: pytest.FixtureRequest,
    name: str,
    frames: tuple[int, int],
    pings: tuple[int, int],
    requests: tuple[int, int],
) -> None:
    """Of the WebSocket API, of its route for pings, and of the REST API."""
    stage: Synthesised = request.getfixturevalue(name)
    websocket_stage = properties(stage, "AWS::ApiGatewayV2::Stage")
    routes, route = websocket_stage["DefaultRouteSettings"], websocket_stage["RouteSettings"]["ping"]
    (methods,) = properties(stage, "AWS::ApiGateway::Stage")["MethodSettings"]
    for found, expected in ((routes, frames), (route, pings), (methods, requests)):
        assert (found["ThrottlingRateLimit"], found["ThrottlingBurstLimit"]) == expected


def test_the_log_level_of_the_functions(stage: Synthesised, full: Synthesised) -> None:
    """INFO by default, which `parley follow` needs."""
    for each, level in ((stage, "INFO"), (full, "DEBUG")):
        levels = {
            function["Properties"]["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"]
            for function in each.resources("AWS::Lambda::Function").values()
            if "POWERTOOLS_LOG_LEVEL" in function["Properties"].get("Environment", {}).get("Variables", {})
        }
        assert levels == {level}


def test_a_user_may_send_at_the_full_rate_in_ten_channels(stage: Synthesised, full: Synthesised) -> None:
    """Every function that counts frames has this limit, in proportion to the stage's rate of messages."""
    for each in (stage, full):
        rates, limits = (
            {
                float(function["Properties"]["Environment"]["Variables"][name])
                for function in each.resources("AWS::Lambda::Function").values()
                if name in function["Properties"].get("Environment", {}).get("Variables", {})
            }
            for name in ("PARLEY_MESSAGES_PER_SECOND", "PARLEY_FRAMES_PER_USER")
        )
        [rate] = rates
        assert limits == {10 * rate}


def test_no_resource_of_another_account_can_call_a_function(stage: Synthesised, full: Synthesised) -> None:
    """A service calls for any of its customers, unless the permission names the resource."""
    for each in (stage, full):
        permissions = each.resources("AWS::Lambda::Permission")
        assert permissions
        for key, permission in permissions.items():
            assert named(permission["Properties"].get("SourceArn", "")), key
