"""The templates as a whole: linted, checked by cdk-nag, the same each time, and apart from other stages."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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
# Properties that name a resource in its account, or in the world.
NAMES = {
    "AlarmName", "ArchiveName", "BucketName", "DashboardName", "Domain", "FunctionName", "GroupName", "LayerName",
    "LogGroupName", "ManagedPolicyName", "Name", "QueueName", "RoleName", "RuleName", "StateMachineName",
    "TableName", "UserPoolName",
}  # fmt: skip
# Types whose name is of their API, not of the account.
SCOPED = {"AWS::ApiGateway::Model", "AWS::ApiGateway::Authorizer", "AWS::ApiGatewayV2::Authorizer"}
NESTED_NAMES = {
    "AWS::CloudFront::ResponseHeadersPolicy": "ResponseHeadersPolicyConfig",
    "AWS::CloudFront::OriginAccessControl": "OriginAccessControlConfig",
}


def test_there_are_eight_stacks_that_tell_what_tools_look_for(stage: Synthesised) -> None:
    """ops and local find a stage by these outputs, and by nothing else."""
    assert set(stage.templates) == set(OUTPUTS)
    for part, expected in OUTPUTS.items():
        assert expected <= set(stage.outputs(part)), part


def physical_names(stage: Synthesised) -> set[tuple[str, str]]:
    """Every name that a template gives, rather than leaving it to CloudFormation."""
    found = set()
    for _, resource in stage.all_resources():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind in SCOPED:
            continue
        for scope in (properties, properties.get(NESTED_NAMES.get(kind, ""), {})):
            found |= {(kind, named(value)) for name, value in scope.items() if name in NAMES}
    return found


def test_two_stages_share_no_name(dev: Synthesised, prod: Synthesised) -> None:
    """Two stages, or two people, deploy into one account without a collision and without editing a file."""
    shared = {
        (kind, name)
        for kind, name in physical_names(dev) & physical_names(prod)
        # A reference to another resource of the stage, not a name
        if not name.startswith("<")
    }
    assert shared == set()
    assert len(physical_names(dev)) >= 10


def test_the_sign_in_host_is_unique_in_the_world(stage: Synthesised) -> None:
    """Derived from the stack's own id: nobody is asked to think of a prefix that is still free."""
    (domain,) = stage.resources("AWS::Cognito::UserPoolDomain").values()
    prefix = named(domain["Properties"]["Domain"])
    assert prefix.startswith(f"parley-{stage.stage}-")
    assert "AWS::StackId" in prefix


@pytest.mark.parametrize("name", ["prod", pytest.param("dev", marks=pytest.mark.thorough)])
def test_cfn_lint_has_nothing_to_say(request: pytest.FixtureRequest, name: str) -> None:
    """With what .cfnlintrc.yaml leaves out, and why. Production has what dev has, and more."""
    stage: Synthesised = request.getfixturevalue(name)
    templates = [str(path) for path in sorted(stage.folder.glob("*.template.json"))]
    assert len(templates) == len(stage.templates)
    outcome = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), *templates],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (outcome.stdout, outcome.returncode) == ("", 0), outcome.stderr


def test_cdk_nag_refuses_what_nobody_acknowledged(tmp_path: Path) -> None:
    """Both stages above passed it; this shows that there is something to pass."""
    import aws_cdk as cdk
    from aws_cdk import aws_sqs as sqs

    from app import check_with_cdk_nag

    app = cdk.App(outdir=str(tmp_path))
    sqs.Queue(cdk.Stack(app, "Careless"), "Queue")
    check_with_cdk_nag(app)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()


def test_the_same_sources_give_the_same_assets(
    dev: Synthesised, site: Path, context: dict[str, Any], tmp_path: Path
) -> None:
    """An unchanged function is not deployed again."""
    again = synthesise("dev", site, context | {"siteOrigin": "http://localhost:4280"}, tmp_path)
    assert again.templates == dev.templates
