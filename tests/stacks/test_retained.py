"""What a stage keeps when its stacks are destroyed, and that it can be deployed again next to that."""

import re
from collections import Counter
from typing import Any

import pytest

from tests.stacks.conftest import ROOT, Resource, Synthesised, named, resource_schema

KEPT = ("Retain", "RetainExceptOnCreate")
ROW = re.compile(r"^\| .+ \| `(AWS::\w+::\w+)` \| (\d+) \| (\d+) \|$", re.MULTILINE)


def documented(stage: str) -> Counter[str]:
    """Return the number of resources of each type that stay, by docs/operations.md."""
    page = (ROOT / "docs" / "operations.md").read_text()
    column = 2 if stage == "dev" else 3
    found = Counter({row[1]: int(row[column]) for row in ROW.finditer(page)})
    assert len(found) > 5
    return +found


def retained(stage: Synthesised) -> dict[str, Resource]:
    """Return the resources that a deletion of their stack leaves."""
    return {key: resource for key, resource in stage.all_resources() if resource.get("DeletionPolicy") in KEPT}


def test_what_a_destroyed_stage_leaves_is_documented(stage: Synthesised) -> None:
    """By type and number."""
    assert Counter(resource["Type"] for resource in retained(stage).values()) == documented(stage.stage)


def test_what_stays_when_it_is_destroyed_stays_when_it_is_replaced(stage: Synthesised) -> None:
    """A replacement of a table, or of the bus, does not delete the data either."""
    for key, resource in stage.all_resources():
        kept = resource.get("DeletionPolicy") in KEPT
        assert (resource.get("UpdateReplacePolicy") in KEPT) == kept, key


def test_the_bus_and_its_archive_stay_together(dev: Synthesised, prod: Synthesised) -> None:
    """In a stage that keeps its data. EventBridge would not delete a bus without its archive."""
    for stage, policy in ((dev, "Delete"), (prod, "Retain")):
        for kind in ("AWS::Events::EventBus", "AWS::Events::Archive"):
            ((_, resource),) = stage.resources(kind).items()
            assert resource["DeletionPolicy"] == policy, kind


def test_a_bucket_that_is_deleted_is_emptied_before(
    dev: Synthesised, full: Synthesised, prod: Synthesised
) -> None:
    """CloudFormation does not delete a bucket with objects. That of the access logs is emptied last: CloudFront
    writes to it until the distribution is deleted."""
    for stage, count in ((dev, 1), (full, 2), (prod, 1)):
        buckets = stage.resources("AWS::S3::Bucket", "Frontend")
        deleted = {key.split(".")[1] for key, bucket in buckets.items() if bucket["DeletionPolicy"] == "Delete"}
        emptied = {
            resource["Properties"]["BucketName"]["Ref"]: key.split(".")[1]
            for key, resource in stage.resources("Custom::S3AutoDeleteObjects", "Frontend").items()
        }
        assert (set(emptied), len(emptied)) == (deleted, count)
        ((_, distribution),) = stage.resources("AWS::CloudFront::Distribution").items()
        logging = distribution["Properties"]["DistributionConfig"].get("Logging")
        logs = logging["Bucket"]["Fn::GetAtt"][0] if logging else None
        assert logs not in emptied or emptied[logs] in distribution["DependsOn"]


def names(resource: Resource) -> dict[str, Any]:
    """Return the properties of a template that identify a resource, or are its name."""
    kind = resource["Type"]
    schema = resource_schema(kind)
    identifiers = {pointer.split("/")[2] for pointer in schema["primaryIdentifier"]}
    properties = resource.get("Properties", {})
    own_name = {f"{kind.rpartition('::')[2]}Name", "Name"}
    return {name: properties[name] for name in identifiers | own_name if name in properties}


def is_of_this_deployment(value: Any) -> bool:
    """Whether a name contains the id of the stack, or of a resource, which no other deployment has."""
    name = named(value)
    return "AWS::StackId" in name or re.search(r"<(?!AWS::)", name) is not None


@pytest.mark.parametrize("kind", ["AWS::Events::EventBus", "AWS::Logs::LogGroup"])
def test_a_fixed_name_is_recognised(kind: str) -> None:
    """The test below would find it."""
    name = "Name" if kind.endswith("EventBus") else "LogGroupName"
    (value,) = names({"Type": kind, "Properties": {name: "Parley-prod"}}).values()
    assert not is_of_this_deployment(value)


def test_nothing_that_stays_has_a_name_that_the_next_deployment_needs(stage: Synthesised) -> None:
    """The stage can be destroyed and deployed again. Both stages name the bus and the workflow's log group."""
    kept = retained(stage) | stage.resources("AWS::Events::EventBus") | stage.resources("AWS::Logs::LogGroup")
    named_ones = {key: names(resource) for key, resource in kept.items() if names(resource)}
    assert len(named_ones) >= 2
    for key, found in named_ones.items():
        assert all(is_of_this_deployment(value) for value in found.values()), (key, found)
