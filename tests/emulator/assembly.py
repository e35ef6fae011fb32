"""A small cloud assembly: a site, an API and a user pool, with the output names of Parley."""

import json
from pathlib import Path
from typing import Any

BOOTSTRAP_BUCKET = "cdk-hnb659fds-assets-000000000000-us-east-1"
API_CODE = """
import json
def handler(event, context):
    return {
        "statusCode": 201 if event["httpMethod"] == "POST" else 200,
        "headers": {"content-type": "application/json", "x-from-function": "yes"},
        "body": json.dumps({
            "path": event["path"], "query": event["queryStringParameters"], "body": event["body"],
            "user": event["requestContext"]["authorizer"]["claims"]["cognito:username"],
        }),
    }
"""
POLICY = "default-src 'self'; connect-src 'self' wss://*.execute-api.us-east-1.amazonaws.com"
SCRIPT = "export const long = " + json.dumps("x" * 3000)


def ref(name: str) -> dict[str, Any]:
    return {"Ref": name}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def template(site_origin: str) -> dict[str, Any]:
    """The template of its one stack."""
    function = {"Fn::GetAtt": ["Api", "Arn"]}
    uri = {"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Api.Arn}/invocations"}
    config = {
        "stage": "local",
        "websocketUrl": "wss://abc.execute-api.us-east-1.amazonaws.com/socket",
        "auth": {"tokenEndpoint": "https://tests.auth.us-east-1.amazoncognito.com/oauth2/token"},
    }
    resources = {
        "Site": resource("S3::Bucket", BucketName="tests-site"),
        "Files": {
            "Type": "Custom::CDKBucketDeployment",
            "Properties": {
                "ServiceToken": "unused",
                "SourceBucketNames": [BOOTSTRAP_BUCKET],
                "SourceObjectKeys": ["site.zip"],
                "SourceMarkers": [{"<<config>>": json.dumps(config)}],
                "DestinationBucketName": ref("Site"),
                "SystemMetadata": {"cache-control": "public, max-age=60"},
            },
        },
        "Pool": resource("Cognito::UserPool", UserPoolName="tests"),
        "Client": resource(
            "Cognito::UserPoolClient",
            UserPoolId=ref("Pool"),
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["code"],
            AllowedOAuthScopes=["openid", "profile"],
            CallbackURLs=[f"{site_origin}/"],
            LogoutURLs=[f"{site_origin}/"],
        ),
        "Api": resource(
            "Lambda::Function",
            Runtime="python3.14",
            Handler="index.handler",
            Role="arn:aws:iam::000000000000:role/tests",
            Code={"ZipFile": API_CODE},
        ),
        "Rest": resource("ApiGateway::RestApi", Name="tests"),
        "Authorizer": resource(
            "ApiGateway::Authorizer",
            Name="pool",
            Type="COGNITO_USER_POOLS",
            RestApiId=ref("Rest"),
            IdentitySource="method.request.header.Authorization",
            ProviderARNs=[{"Fn::GetAtt": ["Pool", "Arn"]}],
        ),
        "Things": resource(
            "ApiGateway::Resource",
            RestApiId=ref("Rest"),
            ParentId={"Fn::GetAtt": ["Rest", "RootResourceId"]},
            PathPart="{proxy+}",
        ),
        "Any": resource(
            "ApiGateway::Method",
            RestApiId=ref("Rest"),
            ResourceId=ref("Things"),
            HttpMethod="ANY",
            AuthorizationType="COGNITO_USER_POOLS",
            AuthorizerId=ref("Authorizer"),
            Integration={"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri},
        ),
        "Deployment": {**resource("ApiGateway::Deployment", RestApiId=ref("Rest")), "DependsOn": ["Any"]},
        "RestStage": resource(
            "ApiGateway::Stage", RestApiId=ref("Rest"), DeploymentId=ref("Deployment"), StageName="api"
        ),
        "Headers": resource(
            "CloudFront::ResponseHeadersPolicy",
            ResponseHeadersPolicyConfig={
                "Name": "tests",
                "SecurityHeadersConfig": {
                    "ContentSecurityPolicy": {"Override": True, "ContentSecurityPolicy": POLICY},
                    "ContentTypeOptions": {"Override": True},
                },
            },
        ),
        "Distribution": resource(
            "CloudFront::Distribution",
            DistributionConfig={
                "Enabled": True,
                "Origins": [{"Id": "site", "DomainName": "tests-site.s3.us-east-1.amazonaws.com"}],
                "DefaultCacheBehavior": {
                    "TargetOriginId": "site",
                    "ViewerProtocolPolicy": "redirect-to-https",
                    "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
                    "ResponseHeadersPolicyId": ref("Headers"),
                },
            },
        ),
    }
    outputs = {
        "SiteBucketName": ref("Site"),
        "UserPoolId": ref("Pool"),
        "UserPoolClientId": ref("Client"),
        "RestApiId": ref("Rest"),
        "DistributionId": ref("Distribution"),
        "FunctionArn": function,
    }
    return {"Resources": resources, "Outputs": {name: {"Value": value} for name, value in outputs.items()}}


def write(directory: Path, site_origin: str, *, broken: bool = False) -> Path:
    """Write the assembly to a directory: manifest, asset manifest, template and the files of the site."""
    site = directory / "site"
    (site / "assets").mkdir(parents=True, exist_ok=True)
    (site / "index.html").write_text("<!doctype html><title>tests</title>")
    (site / "assets" / "app.js").write_text(SCRIPT)
    (site / "config.json").write_text("<<config>>")
    stack = template(site_origin)
    if broken:
        stack["Resources"]["Files"]["Properties"]["SourceObjectKeys"] = ["absent.zip"]
    (directory / "Tests.template.json").write_text(json.dumps(stack))
    file = {
        "source": {"path": "site", "packaging": "zip"},
        "destinations": {"here": {"bucketName": BOOTSTRAP_BUCKET, "objectKey": "site.zip"}},
    }
    (directory / "Tests.assets.json").write_text(
        json.dumps({"version": "55.0.0", "files": {"site": file}, "dockerImages": {}})
    )
    artifacts = {
        "Tests.assets": {"type": "cdk:asset-manifest", "properties": {"file": "Tests.assets.json"}},
        "Tests": {
            "type": "aws:cloudformation:stack",
            "environment": "aws://000000000000/us-east-1",
            "properties": {"templateFile": "Tests.template.json", "additionalDependencies": ["Tests.assets"]},
            "dependencies": ["Tests.assets"],
            "displayName": "Tests",
        },
    }
    (directory / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": artifacts}))
    return directory
