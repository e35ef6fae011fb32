"""The templates as a whole: cfn-lint, cdk-nag, reproducible, and independent of other stages."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.baseline import stack as baseline
from tests.stacks.conftest import ROOT, Synthesised, named, synthesise

TABLES = (
    "Channels",
    "Members",
    "Messages",
    "MessageIds",
    "Reactions",
    "Connections",
    "Subscriptions",
    "Users",
    "Tickets",
)
OUTPUTS = {
    "Auth": {"UserPoolId", "SignInUrl"},
    "Data": {f"{name}TableName" for name in TABLES},
    "Events": {
        "EventBusName",
        "ArchiveName",
        "StatusQueueUrl",
        "StatusDeadLetterQueueUrl",
        "DeliveryDeadLetterQueueUrl",
        "ReplayQueueUrl",
        "ReplayDeadLetterQueueUrl",
    },
    "WebSocketApi": {"WebSocketUrl", "WebSocketApiId"},
    "Delivery": {"DeliverStateMachineArn", "DeliverLogGroupName"},
    "RestApi": {"RestApiUrl", "RestApiId"},
    "Frontend": {"SiteUrl", "DistributionId", "SiteBucketName", "UserPoolClientId"},
    "Observability": {"DashboardName"},
}
# Properties that name a resource in its account or globally.
NAMES = {
    "AlarmName", "ArchiveName", "BucketName", "DashboardName", "Domain", "FunctionName", "GroupName", "LayerName",
    "LogGroupName", "ManagedPolicyName", "Name", "QueueName", "RoleName", "RuleName", "StateMachineName",
    "TableName", "UserPoolName",
}  # fmt: skip
# Types whose names are unique in their API, not in the account.
SCOPED = {"AWS::ApiGateway::Model", "AWS::ApiGateway::Authorizer", "AWS::ApiGatewayV2::Authorizer"}
NESTED_NAMES = {
    "AWS::CloudFront::ResponseHeadersPolicy": "ResponseHeadersPolicyConfig",
    "AWS::CloudFront::OriginAccessControl": "OriginAccessControlConfig",
}


def test_the_stacks_have_the_outputs_that_tools_read(stage: Synthesised) -> None:
    """ops and local find the parts of a stage by these outputs."""
    assert set(stage.templates) == set(OUTPUTS)
    for part, expected in OUTPUTS.items():
        assert expected <= set(stage.outputs(part)), part


def physical_names(stage: Synthesised) -> set[tuple[str, str]]:
    """Every name that a template sets, instead of leaving it to CloudFormation."""
    names = set()
    for _, resource in stage.all_resources():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind in SCOPED:
            continue
        for scope in (properties, properties.get(NESTED_NAMES.get(kind, ""), {})):
            names |= {(kind, named(value)) for name, value in scope.items() if name in NAMES}
    return names


def test_two_stages_share_no_name(dev: Synthesised, prod: Synthesised) -> None:
    """Stages can be deployed into one account without editing a file."""
    shared = {
        (kind, name)
        for kind, name in physical_names(dev) & physical_names(prod)
        # A reference to another resource of the stage, not a name.
        if not name.startswith("<")
    }
    assert shared == set()
    assert len(physical_names(dev)) >= 10


def test_the_sign_in_host_is_globally_unique(stage: Synthesised) -> None:
    """It contains a part of the stack's id."""
    (domain,) = stage.resources("AWS::Cognito::UserPoolDomain").values()
    prefix = named(domain["Properties"]["Domain"])
    assert prefix.startswith(f"parley-{stage.stage}-")
    assert "AWS::StackId" in prefix


@pytest.mark.thorough
def test_cfn_lint_has_no_findings(dev: Synthesised, prod: Synthesised, full: Synthesised, tmp_path: Path) -> None:
    """.cfnlintrc.yaml lists the ignored rules with reasons. One call for all templates is as fast as for one."""
    direct_design = tmp_path / "baseline.template.json"
    direct_design.write_text(json.dumps(baseline.template_of_stack()))
    stages = (dev, prod, full)
    templates = [str(path) for stage in stages for path in sorted(stage.folder.glob("*.template.json"))]
    assert len(templates) == sum(len(stage.templates) for stage in stages)
    outcome = subprocess.run(
        [
            Path(sys.executable).with_name("cfn-lint"),
            *templates,
            str(direct_design),
            ".github/aws/deploy-role.yaml",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (outcome.stdout, outcome.returncode) == ("", 0), outcome.stderr


def test_an_unacknowledged_finding_of_cdk_nag_fails_the_synthesis(tmp_path: Path) -> None:
    """The two stages above have none."""
    import aws_cdk as cdk
    from aws_cdk import aws_sqs as sqs

    from app import check_with_cdk_nag

    app = cdk.App(outdir=str(tmp_path))
    sqs.Queue(cdk.Stack(app, "Example"), "Queue")
    check_with_cdk_nag(app)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()


def test_a_property_that_cloudformation_refuses_fails_the_synthesis(
    context: dict[str, Any], tmp_path: Path
) -> None:
    """By the rules of the CDK's library. The two stages above obey them; the local stage is not checked again."""
    import aws_cdk as cdk

    app = cdk.App(context=context, outdir=str(tmp_path))
    cdk.CfnResource(cdk.Stack(app, "Example"), "Queue", type="AWS::SQS::Queue", properties={"DelaySeconds": -1})
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()


@pytest.mark.thorough
def test_the_same_sources_give_the_same_assets(
    dev: Synthesised, site: Path, context: dict[str, Any], tmp_path: Path
) -> None:
    """An unchanged function is not deployed again."""
    again = synthesise("dev", site, context | {"siteOrigin": "http://localhost:4280"}, tmp_path)
    assert again.templates == dev.templates
