"""References between stacks: when a resource is replaced, the stacks that refer to it are deployed too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.conftest import Synthesised, resource_schema, synthesise

Template = dict[str, Any]


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the stack and the output of each `Fn::GetStackOutput` in a template."""
    if isinstance(value, dict):
        if "Fn::GetStackOutput" in value:
            yield value["Fn::GetStackOutput"]["StackName"], value["Fn::GetStackOutput"]["OutputName"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def target_of(template: Template, output: str) -> str:
    """Return the logical id of the resource that an output names."""
    value = template["Outputs"][output]["Value"]
    return str(value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0])


def referred(stage: Synthesised) -> set[tuple[str, str, str]]:
    """Return the part, the output and the logical id of the resource of every reference between stacks."""
    found = set()
    for stack, output in references(stage.templates):
        part = stack.removeprefix(f"Parley-{stage.stage}-")
        found.add((part, output, target_of(stage.templates[part], output)))
    assert len(found) > 50
    return found


def test_the_name_of_a_referenced_output_depends_on_what_replaces_its_resource(stage: Synthesised) -> None:
    """It ends with the digest of the create-only properties, as they are in the template."""
    from stacks.references import replacement_digest

    for part, output, logical_id in referred(stage):
        resources = stage.templates[part]["Resources"]

        def resource_of(name: str, resources: Template = resources) -> tuple[str, Template]:
            return resources[name]["Type"], resources[name].get("Properties", {})

        assert output.endswith(replacement_digest(logical_id, resource_of)), output


def test_the_create_only_properties_are_those_of_the_schemas(stage: Synthesised) -> None:
    """For each type that another stack refers to. The schemas are those that CloudFormation publishes."""
    from stacks.references import CREATE_ONLY

    types = {stage.templates[part]["Resources"][target]["Type"] for part, _, target in referred(stage)}
    for resource_type in types:
        schema = resource_schema(resource_type)
        pointers = schema.get("createOnlyProperties", []) + schema.get("conditionalCreateOnlyProperties", [])
        # A nested property is covered by the property that contains it.
        needed = {pointer.split("/")[2] for pointer in pointers}
        assert needed <= set(CREATE_ONLY[resource_type]), resource_type


def synthesised(folder: Path, *, sort_key: str = "seq", protected: bool = False) -> dict[str, Template]:
    """Synthesise a stack with a table, and a stack that refers to the table."""
    import aws_cdk as cdk
    from aws_cdk import aws_dynamodb as dynamodb

    from stacks.stack import StageStack
    from stacks.stage import Stage

    app = cdk.App(context={"@aws-cdk/core:defaultCrossStackReferences": "weak"}, outdir=str(folder))
    stage = Stage(name="dev")
    text = dynamodb.AttributeType.STRING
    producer = StageStack(app, "Data", stage=stage, description="a table")
    table = dynamodb.Table(
        producer,
        "Messages",
        partition_key=dynamodb.Attribute(name="channelId", type=text),
        sort_key=dynamodb.Attribute(name=sort_key, type=text),
        deletion_protection=protected,
    )
    consumer = StageStack(app, "Api", stage=stage, description="refers to the table")
    cdk.CfnResource(consumer, "Group", type="AWS::Logs::LogGroup", properties={"LogGroupName": table.table_name})
    assembly = app.synth()
    return {name: assembly.get_stack_by_name(f"Parley-dev-{name}").template for name in ("Data", "Api")}


def test_a_replaced_table_changes_the_templates_that_refer_to_it(tmp_path: Path) -> None:
    """So the CDK CLI deploys them. The logical id stays: CloudFormation alone decides what it replaces."""
    before, after = synthesised(tmp_path / "1"), synthesised(tmp_path / "2", sort_key="sentAt")
    assert before["Api"] != after["Api"]
    assert before["Data"]["Resources"].keys() == after["Data"]["Resources"].keys()
    for templates in (before, after):
        ((_, output),) = references(templates["Api"])
        assert output in templates["Data"]["Outputs"]


def test_a_change_in_place_leaves_the_other_templates_unchanged(tmp_path: Path) -> None:
    """The CDK CLI skips them."""
    before, after = synthesised(tmp_path / "1"), synthesised(tmp_path / "2", protected=True)
    assert before["Data"] != after["Data"]
    assert before["Api"] == after["Api"]


def test_a_reference_to_an_unknown_type_fails_the_synthesis(tmp_path: Path) -> None:
    """The message names the type and the file to change."""
    import aws_cdk as cdk
    from aws_cdk import aws_sns as sns

    from stacks.stack import StageStack
    from stacks.stage import Stage

    app = cdk.App(context={"@aws-cdk/core:defaultCrossStackReferences": "weak"}, outdir=str(tmp_path))
    topic = sns.Topic(StageStack(app, "Topics", stage=Stage(name="dev"), description="a topic"), "Topic")
    consumer = StageStack(app, "Api", stage=Stage(name="dev"), description="refers to the topic")
    cdk.CfnResource(consumer, "Group", type="AWS::Logs::LogGroup", properties={"LogGroupName": topic.topic_name})
    with pytest.raises(RuntimeError, match=r"AWS::SNS::Topic.*stacks/references\.py"):
        app.synth()


@pytest.mark.thorough
def test_the_rest_api_can_be_deployed_first_when_the_web_acl_is_removed(
    dev: Synthesised, site: Path, context: dict[str, Any], tmp_path: Path
) -> None:
    """As docs/settings.md says: the web ACL is then detached before it is deleted. Without the setting, the stack
    refers to nothing that the others do not export with it."""
    stages = {"dev": {"firewallRequestsPerAddress": 2_000}}
    protected = synthesise("dev", site, context | {"stages": stages}, tmp_path)
    attachment = "AWS::WAFv2::WebACLAssociation"
    assert [key for key, each in protected.all_resources("RestApi") if each["Type"] == attachment]
    assert not [key for key, each in dev.all_resources("RestApi") if each["Type"] == attachment]
    for stack, output in references(dev.templates["RestApi"]):
        assert output in protected.outputs(stack.removeprefix("Parley-dev-"))


def test_a_replaced_resource_replaces_those_that_are_created_for_it() -> None:
    """A user pool's domain is replaced with its pool."""
    from stacks.references import replacement_digest

    def digest(pool: str, pool_name: str) -> str:
        resources: dict[str, tuple[str, Template]] = {
            "Domain": ("AWS::Cognito::UserPoolDomain", {"Domain": "parley", "UserPoolId": {"Ref": "Pool"}}),
            "Pool": ("AWS::Events::EventBus", {"Name": pool_name, "Description": pool}),
        }
        return replacement_digest("Domain", resources.__getitem__)

    assert digest("a", "one") != digest("a", "two")
    assert digest("a", "one") == digest("b", "one")
