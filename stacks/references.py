"""The names of the outputs by which one stack refers to a resource of another.

A stack reads such an output when it is deployed, and the CDK CLI does not deploy a stack whose template is
unchanged. So the name of the output ends with a digest of the properties that CloudFormation can change only by
replacing the resource: when it is replaced, the templates of the stacks that refer to it change too (ADR 14).
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, cast

import aws_cdk as cdk

# What CloudFormation changes only by replacing the resource: `createOnlyProperties` and
# `conditionalCreateOnlyProperties` of the type's schema, with which a test compares this table. One property too
# many costs one more deployment of the referring stacks, and replaces nothing. The attributes and local indexes of
# a table are here although its schema does not list them: editing one of them can replace the table.
CREATE_ONLY: Mapping[str, tuple[str, ...]] = {
    "AWS::ApiGateway::RestApi": (),
    "AWS::ApiGatewayV2::Api": ("ProtocolType",),
    "AWS::Cognito::UserPool": (),
    "AWS::Cognito::UserPoolDomain": ("Domain", "UserPoolId"),
    "AWS::DynamoDB::Table": (
        "AttributeDefinitions",
        "ImportSourceSpecification",
        "KeySchema",
        "LocalSecondaryIndexes",
        "TableName",
    ),
    "AWS::Events::EventBus": ("Name",),
    "AWS::IAM::ManagedPolicy": ("Description", "ManagedPolicyName", "Path"),
    "AWS::Lambda::Function": ("DurableConfig", "FunctionName", "PackageType", "TenancyConfig"),
    "AWS::Logs::LogGroup": ("LogGroupName",),
    "AWS::SQS::Queue": ("FifoQueue", "QueueName"),
    "AWS::SecretsManager::Secret": ("Name",),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", "StateMachineType"),
    "AWS::WAFv2::WebACL": ("Name", "Scope"),
}

# The construct in which the CDK puts the outputs of weak references.
PUBLISH = "Publish"
DIGEST_CHARACTERS = 8

Resource = tuple[str, Mapping[str, Any]]
"""The type of a resource, and its properties as in the template."""


class UnknownReferenceError(Exception):
    """A stack refers to a resource of a type that CREATE_ONLY does not have."""


class ReferenceSynthesizer(cdk.DefaultStackSynthesizer):
    """Synthesises a stack, in which the CDK has created the outputs of references by then, and names these.

    The CDK synthesises the stacks in the order of their creation. A stack must be created before those that refer
    to it, since their templates would have the old names otherwise.
    """

    def reusable_bind(self, stack: cdk.Stack) -> cdk.IBoundStackSynthesizer:
        """Bind this object, not a copy of it: jsii would call the methods below on the unbound original."""
        self.bind(stack)
        return self

    def synthesize(self, session: cdk.ISynthesisSession) -> None:
        """Name the outputs, then write the template. Raises UnknownReferenceError."""
        stack = self._bound_stack
        digests: dict[str, str] = {}
        for output in _reference_outputs(stack):
            reference = cast(cdk.Reference, cdk.Tokenization.reverse_complete_string(output.value))
            target = cast(cdk.CfnResource, reference.target)
            target_id = stack.resolve(target.logical_id)
            if target_id not in digests:
                digests[target_id] = replacement_digest(target_id, _resources_of(stack, target))
            name = stack.resolve(output.logical_id)
            # An app can be synthesised more than once.
            if not name.endswith(digests[target_id]):
                output.override_logical_id(name + digests[target_id])
        super().synthesize(session)


def _reference_outputs(stack: cdk.Stack) -> list[cdk.CfnOutput]:
    """The outputs that the CDK created because other stacks refer to their values."""
    publish = stack.node.try_find_child(PUBLISH)
    return [child for child in publish.node.children if isinstance(child, cdk.CfnOutput)] if publish else []


def _resources_of(stack: cdk.Stack, first: cdk.CfnResource) -> Callable[[str], Resource]:
    """A function that returns the stack's resource with a logical id; `first` is found without a search."""

    def resource_of(logical_id: str) -> Resource:
        resources = (
            cast(cdk.CfnResource, construct)
            for construct in chain([first], stack.node.find_all())
            if cdk.CfnResource.is_cfn_resource(construct)
        )
        resource = next(each for each in resources if stack.resolve(each.logical_id) == logical_id)
        properties = resource._render_properties(stack.resolve(resource._cfn_properties))
        return resource.cfn_resource_type, stack.resolve(properties)

    return resource_of


def replacement_digest(logical_id: str, resource_of: Callable[[str], Resource]) -> str:
    """Return a digest of all that a replacement of a resource depends on.

    That is the values of its create-only properties, and of those of the resources that they refer to: when one of
    these is replaced, so is the resource. Raises UnknownReferenceError.
    """
    values: dict[str, Any] = {}
    pending = [logical_id]
    while pending:
        current = pending.pop()
        resource_type, properties = resource_of(current)
        if resource_type not in CREATE_ONLY:
            raise UnknownReferenceError(
                f"Another stack refers to {current} ({resource_type}), or to a resource that is replaced with it. "
                "Add the create-only properties of this type to CREATE_ONLY in stacks/references.py."
            )
        values[current] = {name: properties[name] for name in CREATE_ONLY[resource_type] if name in properties}
        pending += [other for other in _referred(values[current]) if other not in values]
    content = json.dumps(values, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:DIGEST_CHARACTERS].upper()


def _referred(value: Any) -> Iterator[str]:
    """Yield the logical ids of the stack's resources that a value refers to."""
    if isinstance(value, Mapping):
        if isinstance(name := value.get("Ref"), str) and not name.startswith("AWS::"):
            yield name
        if "Fn::GetAtt" in value:
            yield value["Fn::GetAtt"][0]
        for part in value.values():
            yield from _referred(part)
    elif isinstance(value, list):
        for part in value:
            yield from _referred(part)
