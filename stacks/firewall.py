"""The web ACL of a stage: it refuses IP addresses that send too many requests to the REST API or the user pool.

AWS WAF can be attached to API stages of REST APIs, to user pools and to distributions, but not to WebSocket APIs.
Sockets have other limits: a ticket, which the REST API issues, the throttle of the API stage, and limits per user.

Browsers reach the REST API through the distribution, so that the address of such a request is CloudFront's. The
distribution adds the viewer's address in a header, and a key which proves that it did. A request without the key
came directly, and counts for the address that it came from.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from stacks.stack import acknowledge

# viewer_address.js sets the first, the distribution's origin the second.
VIEWER_HEADER = "x-parley-viewer"
KEY_HEADER = "x-parley-edge"
WINDOW_SECONDS = 300


class Firewall(Construct):
    """A web ACL with a rate rule for requests through the distribution, and one for direct requests."""

    def __init__(self, scope: Construct, construct_id: str, *, stage_name: str, requests_per_address: int) -> None:
        super().__init__(scope, construct_id)
        self._limit = requests_per_address
        key = secretsmanager.Secret(
            self,
            "EdgeKey",
            description=f"Parley ({stage_name}): proves that a request came through the distribution",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                exclude_punctuation=True, password_length=32
            ),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        acknowledge(
            key,
            {"AwsSolutions-SMG4": "With this key, a client could evade the limit per address, and nothing else."},
        )
        # A reference that CloudFormation resolves: the key is in no template.
        self.key = key.secret_value.unsafe_unwrap()
        through_the_site: dict[str, Any] = {
            "byteMatchStatement": {
                "fieldToMatch": {"singleHeader": {"Name": KEY_HEADER}},
                "positionalConstraint": "EXACTLY",
                "searchString": self.key,
                "textTransformations": [{"priority": 0, "type": "NONE"}],
            }
        }
        acl = wafv2.CfnWebACL(
            self,
            "WebAcl",
            # Parentheses are not allowed here.
            description=f"Parley {stage_name}: limits the requests of an IP address",
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visibility(f"Parley-{stage_name}"),
            rules=[
                self._rate_rule(
                    "RequestsThroughTheSite",
                    0,
                    {
                        "aggregateKeyType": "FORWARDED_IP",
                        "forwardedIpConfig": {"headerName": VIEWER_HEADER, "fallbackBehavior": "MATCH"},
                        "scopeDownStatement": through_the_site,
                    },
                ),
                self._rate_rule(
                    "DirectRequests",
                    1,
                    {
                        "aggregateKeyType": "IP",
                        "scopeDownStatement": {"notStatement": {"statement": through_the_site}},
                    },
                ),
            ],
        )
        self.arn = acl.attr_arn

    def _rate_rule(self, name: str, priority: int, statement: dict[str, Any]) -> wafv2.CfnWebACL.RuleProperty:
        rate = {"limit": self._limit, "evaluationWindowSec": WINDOW_SECONDS, **statement}
        return wafv2.CfnWebACL.RuleProperty(
            name=name,
            priority=priority,
            action=wafv2.CfnWebACL.RuleActionProperty(block={}),
            visibility_config=_visibility(name),
            statement=wafv2.CfnWebACL.StatementProperty(rate_based_statement=rate),
        )

    def protect(self, scope: Construct, construct_id: str, resource_arn: str) -> None:
        """Attach the web ACL to a resource."""
        wafv2.CfnWebACLAssociation(scope, construct_id, resource_arn=resource_arn, web_acl_arn=self.arn)


def _visibility(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
    )
