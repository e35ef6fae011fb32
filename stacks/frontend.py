"""The site: files in a private bucket, a distribution for them and the REST API, and the app client for sign-in.

The app client is here, not in the Auth stack, because its callback is the distribution's address.
"""

from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as s3_deployment
from aws_cdk.aws_logs import LogGroup
from constructs import Construct

from stacks.auth import AuthStack
from stacks.delivery import DeliveryStack
from stacks.dns import add_alias
from stacks.firewall import KEY_HEADER
from stacks.logs import log_group
from stacks.packaging import ROOT, PackagingError
from stacks.rest_api import RestApiStack
from stacks.site_config import site_config
from stacks.stack import StageStack, acknowledge, removal_policy
from stacks.stage import Stage
from stacks.websocket_api import WebSocketApiStack

SITE = ROOT / "ui" / "dist"
SPA_FALLBACK = Path(__file__).with_name("spa_fallback.js")
VIEWER_ADDRESS = Path(__file__).with_name("viewer_address.js")
# The zone of all distributions, for alias records.
DISTRIBUTIONS_ZONE = "Z2FDTNDATAQYW2"
# The errors that CloudFront caches for 10 s, whatever their Cache-Control header says. The cache key of /api/* is
# the path, so that one user's error would be the answer to every other user's request:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html
ERRORS_CACHED_BY_DEFAULT = (404, 405, 414, 500, 501, 502, 503, 504)


class FrontendStack(StageStack):
    """The bucket, the distribution with security headers, the app client, and the files with config.json."""

    def __init__(
        self,
        scope: Construct,
        *,
        stage: Stage,
        auth: AuthStack,
        websocket: WebSocketApiStack,
        delivery: DeliveryStack,
        rest: RestApiStack,
        site: Path = SITE,
    ) -> None:
        super().__init__(scope, "Frontend", stage=stage, description="site, distribution and sign-in client")
        if not (site / "index.html").is_file():
            raise PackagingError("ui/dist is missing. Run `make synth` or `npm --prefix ui run build`.")
        self.auth = auth
        self.websocket = websocket
        self.rest = rest
        self.bucket = self._bucket()
        self.distribution = self._distribution()
        self._answer_404_for_missing_files()
        self._add_records()
        self.site_url = f"https://{stage.site_domain or self.distribution.distribution_domain_name}"
        client = self._client()
        config = site_config(
            stage=stage,
            auth=auth,
            client_id=client.user_pool_client_id,
            websocket=websocket,
            delivery=delivery,
        )
        self._deploy_files(site, config)
        self.output("SiteUrl", self.site_url)
        self.output("DistributionId", self.distribution.distribution_id)
        self.output("SiteBucketName", self.bucket.bucket_name)
        self.output("UserPoolClientId", client.user_pool_client_id)

    def _bucket(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Site",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            # Every deployment builds the files from source, so they need not be kept.
            removal_policy=cdk.RemovalPolicy.DESTROY,
            auto_delete_objects=True,
        )
        acknowledge(
            bucket,
            {"AwsSolutions-S1": "Only the distribution reads this bucket; with accessLogs on, it logs requests."},
        )
        return bucket

    def _distribution(self) -> cloudfront.Distribution:
        headers = self._security_headers()
        firewall = self.auth.firewall
        domain, certificate = self.stage.site_domain, self.stage.site_certificate_arn
        log_bucket = self._log_bucket() if self.stage.access_logs else None
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Parley ({self.stage.name})",
            default_root_object="index.html",
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            default_behavior=cloudfront.BehaviorOptions(
                origin=self._files(),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
                response_headers_policy=headers,
                compress=True,
                function_associations=[
                    cloudfront.FunctionAssociation(
                        event_type=cloudfront.FunctionEventType.VIEWER_REQUEST,
                        function=self._spa_fallback(),
                    )
                ],
            ),
            additional_behaviors={
                "/api/*": cloudfront.BehaviorOptions(
                    origin=origins.HttpOrigin(
                        self.rest.host,
                        origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
                        custom_headers={KEY_HEADER: firewall.key} if firewall else None,
                    ),
                    viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                    allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                    cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                    # Forwards Authorization, but not Host, by which API Gateway finds the API.
                    origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
                    response_headers_policy=headers,
                    function_associations=[self._viewer_address()] if firewall else None,
                )
            },
            # Without a page, so that the origin's answer is passed on.
            error_responses=[
                cloudfront.ErrorResponse(http_status=status, ttl=cdk.Duration.seconds(0))
                for status in ERRORS_CACHED_BY_DEFAULT
            ],
            log_bucket=log_bucket,
            domain_names=[domain] if domain else None,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", certificate)
            if certificate
            else None,
            # Has no effect on CloudFront's own domain, which takes TLS 1.0 too.
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if certificate else None,
            web_acl_id=self.stage.site_web_acl_arn,
        )
        if log_bucket is not None:
            # CloudFront writes until the distribution is deleted: the bucket is emptied after that.
            distribution.node.add_dependency(log_bucket)
        acknowledge(
            distribution,
            {
                "AwsSolutions-CFR1": "Users may be in any country.",
                "AwsSolutions-CFR2": "Files are public; the API needs a token, and in prod has a web ACL.",
            },
        )
        if not certificate:
            reason = "CloudFront's default certificate determines the TLS policy; siteDomain replaces it."
            acknowledge(distribution, {"AwsSolutions-CFR4": reason})
        if not self.stage.access_logs:
            acknowledge(
                distribution,
                {"AwsSolutions-CFR3": "A stage for development; prod has accessLogs on."},
            )
        return distribution

    def _files(self) -> cloudfront.IOrigin:
        """The bucket, which CloudFront reads with signed requests."""
        control = cloudfront.S3OriginAccessControl(
            self,
            "ReadFiles",
            # The name must be unique in the account, across regions. The CDK's own is the same in all regions.
            origin_access_control_name=f"Parley-{self.stage.name}-{cdk.Aws.REGION}",
        )
        return origins.S3BucketOrigin.with_origin_access_control(self.bucket, origin_access_control=control)

    def _add_records(self) -> None:
        """Let the stage's own domain refer to the distribution."""
        if self.stage.site_domain is None:
            return
        target = self.distribution.distribution_domain_name
        add_alias(
            self,
            "DomainAlias",
            zone_id=self.stage.hosted_zone_id,
            name=self.stage.site_domain,
            target=target,
            target_zone_id=DISTRIBUTIONS_ZONE,
        )
        self.output("SiteDomainTarget", target)

    def _viewer_address(self) -> cloudfront.FunctionAssociation:
        """The function that gives the web ACL the viewer's address."""
        function = cloudfront.Function(
            self,
            "ViewerAddress",
            comment=f"Parley ({self.stage.name}): the viewer's address, for the web ACL",
            code=cloudfront.FunctionCode.from_file(file_path=str(VIEWER_ADDRESS)),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )
        return cloudfront.FunctionAssociation(
            event_type=cloudfront.FunctionEventType.VIEWER_REQUEST, function=function
        )

    def _answer_404_for_missing_files(self) -> None:
        """Let the distribution list the bucket: without that right, S3 answers 403 for a file that does not exist.

        No request gets a list: the root is index.html, and query strings are not forwarded. CDK's access level
        LIST would grant listing and reading in one statement, on the bucket and its files.
        """
        distribution_arn = self.format_arn(
            service="cloudfront",
            region="",
            resource="distribution",
            resource_name=self.distribution.distribution_id,
        )
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudfront.amazonaws.com")],
                actions=["s3:ListBucket"],
                resources=[self.bucket.bucket_arn],
                conditions={"StringEquals": {"AWS:SourceArn": distribution_arn}},
            )
        )

    def _log_bucket(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "AccessLogs",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            # CloudFront's standard logging needs ACLs.
            object_ownership=s3.ObjectOwnership.OBJECT_WRITER,
            lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.days(self.stage.log_retention_days))],
            removal_policy=removal_policy(self.stage),
            auto_delete_objects=self.stage.removal_policy == "destroy",
        )
        acknowledge(bucket, {"AwsSolutions-S1": "This bucket receives the access logs."})
        return bucket

    def _spa_fallback(self) -> cloudfront.Function:
        return cloudfront.Function(
            self,
            "SpaFallback",
            comment=f"Parley ({self.stage.name}): the single page at every path",
            code=cloudfront.FunctionCode.from_file(file_path=str(SPA_FALLBACK)),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )

    def _security_headers(self) -> cloudfront.ResponseHeadersPolicy:
        return cloudfront.ResponseHeadersPolicy(
            self,
            "SecurityHeaders",
            # The name must be unique in the account, across regions.
            response_headers_policy_name=f"Parley-{self.stage.name}-{cdk.Aws.REGION}",
            comment=f"Parley ({self.stage.name})",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=self._content_security_policy(), override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.DENY, override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    # After sign-in, the address contains the authorization code, which must not be sent to others.
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER,
                    override=True,
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=cdk.Duration.days(365), include_subdomains=True, override=True
                ),
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(
                        header="Permissions-Policy",
                        value="camera=(), geolocation=(), microphone=(), payment=(), usb=()",
                        override=True,
                    ),
                    cloudfront.ResponseCustomHeader(
                        header="Cross-Origin-Opener-Policy", value="same-origin", override=True
                    ),
                ]
            ),
        )

    def _content_security_policy(self) -> str:
        """What the page may load and connect to: its own files, the WebSocket API, and the sign-in pages."""
        socket = f"wss://{self.websocket.browser_host}"
        directives = {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "'self' data:",
            "font-src": "'self'",
            "manifest-src": "'self'",
            "connect-src": f"'self' {socket} {self.auth.sign_in_url}",
            "form-action": "'self'",
            "base-uri": "'none'",
            "frame-ancestors": "'none'",
        }
        return "; ".join(f"{name} {value}" for name, value in directives.items())

    def _client(self) -> cognito.UserPoolClient:
        site_urls = [f"{origin}/" for origin in (self.site_url, *self.stage.site_origins)]
        client = cognito.UserPoolClient(
            self,
            "Client",
            user_pool=self.auth.user_pool,
            # A browser cannot keep a secret; PKCE protects the authorization code instead.
            generate_secret=False,
            auth_flows=cognito.AuthFlow(
                user_srp=True,
                # For `ops` and load tests, with AWS credentials. In demo mode also by password, for scripts.
                admin_user_password=True,
                user_password=self.stage.auth_mode == "demo",
            ),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.PROFILE, cognito.OAuthScope.EMAIL],
                callback_urls=site_urls,
                logout_urls=site_urls,
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            id_token_validity=cdk.Duration.hours(1),
            access_token_validity=cdk.Duration.hours(1),
            refresh_token_validity=cdk.Duration.days(7),
        )
        # Managed login has no pages for an app client without a style. This one is Cognito's default.
        cognito.CfnManagedLoginBranding(
            self,
            "SignInStyle",
            user_pool_id=self.auth.user_pool.user_pool_id,
            client_id=client.user_pool_client_id,
            use_cognito_provided_values=True,
        )
        return client

    def _deploy_files(self, site: Path, config: dict[str, Any]) -> None:
        """Deploy the assets before the page, so that the page never refers to a missing asset."""
        logs = log_group(self, "DeployFilesLogs", stage=self.stage)
        self._keep_logs_of_bucket_cleaner(logs)
        assets = s3_deployment.BucketDeployment(
            self,
            "Assets",
            sources=[s3_deployment.Source.asset(str(site), exclude=["*", "!assets", "!assets/**"])],
            destination_bucket=self.bucket,
            # The names contain a hash of the content. Old assets are kept for pages that are still open.
            cache_control=[s3_deployment.CacheControl.from_string("public, max-age=31536000, immutable")],
            prune=False,
            log_group=logs,
            memory_limit=512,
        )
        page = s3_deployment.BucketDeployment(
            self,
            "Page",
            sources=[
                s3_deployment.Source.asset(str(site), exclude=["assets"]),
                s3_deployment.Source.json_data("config.json", config),
            ],
            destination_bucket=self.bucket,
            cache_control=[s3_deployment.CacheControl.from_string("no-cache")],
            prune=False,
            distribution=self.distribution,
            distribution_paths=["/*"],
            log_group=logs,
            memory_limit=512,
        )
        page.node.add_dependency(assets)
        self._acknowledge_deployment_function()

    def _keep_logs_of_bucket_cleaner(self, logs: LogGroup) -> None:
        """Give the CDK's function that empties the bucket a log group: Lambda's own would have no retention."""
        provider = self.node.find_child("Custom::S3AutoDeleteObjectsCustomResourceProvider")
        function = cast(cdk.CfnResource, provider.node.find_child("Handler"))
        function.add_property_override("LoggingConfig", {"LogGroup": logs.log_group_name})

    def _acknowledge_deployment_function(self) -> None:
        """Acknowledge the findings about the CDK's function that unpacks the files, and about its rights."""
        (function,) = (
            child for child in self.node.children if child.node.id.startswith("Custom::CDKBucketDeployment")
        )
        site = self.get_logical_id(cast(cdk.CfnElement, self.bucket.node.default_child))
        basic_execution = "arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        assets = "arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>/*"
        granted = "The CDK lets its function read the asset bucket and write to the site bucket."
        findings = [
            f"IAM5[Action::s3:{action}]"
            for action in ("GetBucket*", "GetObject*", "List*", "Abort*", "DeleteObject*")
        ]
        findings += [f"IAM5[Resource::{assets}]", f"IAM5[Resource::<{self.resolve(site)}.Arn>/*]"]
        acknowledge(
            function,
            {
                **{f"AwsSolutions-{finding}": granted for finding in findings},
                "AwsSolutions-IAM5[Resource::*]": "The CDK lets its function invalidate CloudFront's cache.",
                f"AwsSolutions-IAM4[Policy::{basic_execution}]": "The CDK's function logs with this policy.",
                "AwsSolutions-L1": "The CDK chooses the runtime of this function, which it adds.",
            },
        )
