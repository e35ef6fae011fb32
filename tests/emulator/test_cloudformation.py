"""Templates with types that MiniStack does not know are deployed, updated and deleted."""

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.conftest import Stack
from tests.waiting import wait_until


def deploy(stack: Stack, name: str, resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> None:
    cloudformation = stack.client("cloudformation")
    body = json.dumps({"Resources": resources, "Outputs": outputs or {}})
    try:
        cloudformation.describe_stacks(StackName=name)
    except ClientError:
        cloudformation.create_stack(StackName=name, TemplateBody=body)
    else:
        cloudformation.update_stack(StackName=name, TemplateBody=body)

    def status() -> str:
        value: str = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return "" if value.endswith("IN_PROGRESS") else value

    assert wait_until(status, f"the stack {name} was deployed") in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def test_a_type_that_is_not_emulated_is_accepted_and_listed(stack: Stack):
    """It is deployed, updated and deleted as a record, and listed as not emulated."""
    listed = {item["type"]: item["note"] for item in stack.emulator.ask("not-emulated")}
    assert "nothing acts on it" in listed["AWS::XRay::Group"]
    resource = {"Type": "AWS::Logs::QueryDefinition", "Properties": {"Name": "one", "QueryString": "fields"}}
    deploy(stack, "accepted", {"Query": resource})
    deploy(stack, "accepted", {"Query": {**resource, "Properties": {"Name": "two", "QueryString": "fields"}}})
    stack.client("cloudformation").delete_stack(StackName="accepted")
    listed = {item["type"]: item["note"] for item in stack.emulator.ask("not-emulated")}
    assert "AWS::Logs::QueryDefinition" not in listed


def test_an_archive_is_updated_in_place_and_deleted(stack: Stack):
    """Its retention changes, its name stays."""
    events = stack.client("events")
    bus = events.describe_event_bus(Name="tests")["Arn"]

    def archive(days: int) -> dict[str, Any]:
        properties = {"SourceArn": bus, "RetentionDays": days, "ArchiveName": "updated"}
        return {"Archive": {"Type": "AWS::Events::Archive", "Properties": properties}}

    deploy(stack, "archive", archive(1))
    deploy(stack, "archive", archive(9))
    assert events.describe_archive(ArchiveName="updated")["RetentionDays"] == 9
    stack.client("cloudformation").delete_stack(StackName="archive")
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.describe_archive(ArchiveName="updated")


def delete(stack: Stack, name: str) -> tuple[str, str]:
    """Delete a stack, and return its last status with the reason."""
    cloudformation = stack.client("cloudformation")
    stack_id = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=name)

    def ended() -> dict[str, Any]:
        described: dict[str, Any] = cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]
        return {} if described["StackStatus"].endswith("IN_PROGRESS") else described

    deleted = wait_until(ended, f"the deletion of the stack {name} ended")
    return deleted["StackStatus"], deleted.get("StackStatusReason", "")


def table(sort_key: str, **attributes: Any) -> dict[str, Any]:
    keys = [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": sort_key, "KeyType": "RANGE"}]
    properties = {
        "KeySchema": keys,
        "AttributeDefinitions": [{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys],
        "BillingMode": "PAY_PER_REQUEST",
    }
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties, **attributes}


def physical_id(stack: Stack, name: str, logical_id: str) -> str:
    resource = stack.client("cloudformation").describe_stack_resource(StackName=name, LogicalResourceId=logical_id)
    found: str = resource["StackResourceDetail"]["PhysicalResourceId"]
    return found


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_other_keys_replace_a_table(stack: Stack, policy: str):
    """The new table has another name; the old one is deleted, or kept with its rows by its UpdateReplacePolicy."""
    name, dynamodb = f"replaced-{policy.lower()}", stack.client("dynamodb")
    policies = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": policy}
    deploy(stack, name, {"Table": table("one", **policies)})
    old = physical_id(stack, name, "Table")
    dynamodb.put_item(TableName=old, Item={"id": {"S": "a"}, "one": {"S": "b"}})
    deploy(stack, name, {"Table": table("two", **policies)})
    new = physical_id(stack, name, "Table")
    assert new != old
    assert [key["AttributeName"] for key in dynamodb.describe_table(TableName=new)["Table"]["KeySchema"]] == [
        "id",
        "two",
    ]
    tables = dynamodb.list_tables()["TableNames"]
    assert (old in tables) == (policy == "Retain")
    if policy == "Retain":
        assert dynamodb.scan(TableName=old)["Count"] == 1
    deploy(stack, name, {"Table": table("two", **policies), "Other": {"Type": "AWS::SQS::Queue"}})
    assert physical_id(stack, name, "Table") == new, "an update of something else keeps the name"
    assert delete(stack, name)[0] == "DELETE_COMPLETE"


def test_what_a_stack_leaves_does_not_prevent_that_it_is_created_again(stack: Stack):
    """Generated names are new in every deployment; a bus with a fixed name that was kept is in the way."""
    keep = {"DeletionPolicy": "Retain"}
    resources = {"Table": table("one", **keep), "Logs": {"Type": "AWS::Logs::LogGroup", **keep}}
    names = []
    for _ in range(2):
        deploy(stack, "left", resources)
        names.append({physical_id(stack, "left", logical_id) for logical_id in resources})
        assert delete(stack, "left")[0] == "DELETE_COMPLETE"
    assert names[0].isdisjoint(names[1])
    tables = stack.client("dynamodb").list_tables()["TableNames"]
    assert len([name for name in tables if name.startswith("left-")]) == 2


def test_what_aws_does_not_delete_fails_the_deletion_of_its_stack(stack: Stack):
    """A bus with a rule or an archive, a bucket with objects, a protected table; until the cause is removed."""
    resources = {
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "with-a-rule"}},
        "Archived": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "with-an-archive"}},
        "Archive": {
            "Type": "AWS::Events::Archive",
            "Properties": {"SourceArn": {"Fn::GetAtt": ["Archived", "Arn"]}, "ArchiveName": "kept"},
            "DeletionPolicy": "Retain",
        },
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "with-an-object"}},
        "Table": table("one"),
        "Queue": {"Type": "AWS::SQS::Queue"},
    }
    resources["Table"]["Properties"]["DeletionProtectionEnabled"] = True
    deploy(stack, "refused", resources)
    events, storage, dynamodb = (stack.client(service) for service in ("events", "s3", "dynamodb"))
    events.put_rule(Name="of-a-tool", EventBusName="with-a-rule", EventPattern=json.dumps({"source": ["x"]}))
    storage.put_object(Bucket="with-an-object", Key="one", Body=b"1")
    protected = physical_id(stack, "refused", "Table")
    status, reason = delete(stack, "refused")
    assert status == "DELETE_FAILED"
    assert reason.endswith("[Archived, Bucket, Bus, Table].")
    for bus in ("with-a-rule", "with-an-archive"):
        with pytest.raises(ClientError, match="since it has rules"):
            events.delete_event_bus(Name=bus)
    events.delete_rule(Name="of-a-tool", EventBusName="with-a-rule")
    events.delete_archive(ArchiveName="kept")
    storage.delete_object(Bucket="with-an-object", Key="one")
    dynamodb.update_table(TableName=protected, DeletionProtectionEnabled=False)
    assert delete(stack, "refused")[0] == "DELETE_COMPLETE"


def test_a_user_pool_with_protection_is_not_deleted(stack: Stack):
    """Until the protection is off."""

    def pool(protection: str) -> dict[str, Any]:
        return {"Type": "AWS::Cognito::UserPool", "Properties": {"DeletionProtection": protection}}

    deploy(stack, "protected-pool", {"Pool": pool("ACTIVE"), "Queue": {"Type": "AWS::SQS::Queue"}})
    assert delete(stack, "protected-pool")[0] == "DELETE_FAILED"
    pool_id = physical_id(stack, "protected-pool", "Pool")
    stack.client("cognito-idp").update_user_pool(UserPoolId=pool_id, DeletionProtection="INACTIVE")
    assert delete(stack, "protected-pool")[0] == "DELETE_COMPLETE"


def test_another_source_replaces_an_archive(stack: Stack):
    """The new archive has another name, and the old one is deleted."""
    events = stack.client("events")
    buses = {
        name: {"Type": "AWS::Events::EventBus", "Properties": {"Name": f"source-{name}"}}
        for name in ("One", "Two")
    }

    def archive(source: str) -> dict[str, Any]:
        return {"Type": "AWS::Events::Archive", "Properties": {"SourceArn": {"Fn::GetAtt": [source, "Arn"]}}}

    deploy(stack, "moved-archive", buses | {"Archive": archive("One")})
    old = physical_id(stack, "moved-archive", "Archive")
    deploy(stack, "moved-archive", buses | {"Archive": archive("Two")})
    new = physical_id(stack, "moved-archive", "Archive")
    assert events.describe_archive(ArchiveName=new)["EventSourceArn"].endswith("source-Two")
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.describe_archive(ArchiveName=old)
    assert delete(stack, "moved-archive")[0] == "DELETE_COMPLETE"


def archive_of(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zip_file:
        for name, content in files.items():
            zip_file.writestr(name, content)
    return archive.getvalue()


def deployment(key: str, **properties: Any) -> dict[str, Any]:
    return {
        "Site": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "site-of-tests"}},
        "Cleaner": {
            "Type": "Custom::S3AutoDeleteObjects",
            "Properties": {"ServiceToken": "unused", "BucketName": {"Ref": "Site"}},
        },
        "Deployment": {
            "Type": "Custom::CDKBucketDeployment",
            "Properties": {
                "ServiceToken": "unused",
                "SourceBucketNames": ["assets", "assets"],
                "SourceObjectKeys": [key, "config.zip"],
                "SourceMarkers": [{}, {"<<marker:0xbaba:0>>": "the-value"}],
                "DestinationBucketName": {"Ref": "Site"},
                "Prune": True,
                **properties,
            },
        },
    }


def test_a_bucket_deployment_uploads_prunes_and_is_deleted(stack: Stack):
    """Files have types and metadata, markers have values, and files that the sources lack are deleted."""
    storage = stack.client("s3")
    storage.create_bucket(Bucket="assets")
    first = {"index.html": b"<h1>one</h1>", "assets/app.js": b"let x", "old.txt": b"old", "font.woff2": b"f"}
    second = {"index.html": b"<h1>two</h1>", "assets/app.js": b"let y", "font.woff2": b"f"}
    storage.put_object(Bucket="assets", Key="one.zip", Body=archive_of(first))
    storage.put_object(Bucket="assets", Key="two.zip", Body=archive_of(second))
    storage.put_object(
        Bucket="assets", Key="config.zip", Body=archive_of({"config.json": b'{"at": "<<marker:0xbaba:0>>"}'})
    )
    deploy(stack, "site", deployment("one.zip", SystemMetadata={"cache-control": "no-cache"}))
    page = storage.get_object(Bucket="site-of-tests", Key="index.html")
    assert (page["ContentType"], page["CacheControl"]) == ("text/html", "no-cache")
    assert storage.head_object(Bucket="site-of-tests", Key="assets/app.js")["ContentType"] == "text/javascript"
    assert storage.head_object(Bucket="site-of-tests", Key="font.woff2")["ContentType"] == "font/woff2"
    config = storage.get_object(Bucket="site-of-tests", Key="config.json")["Body"].read()
    assert json.loads(config) == {"at": "the-value"}

    deploy(stack, "site", deployment("two.zip"))
    keys = [item["Key"] for item in storage.list_objects_v2(Bucket="site-of-tests")["Contents"]]
    assert keys == ["assets/app.js", "config.json", "font.woff2", "index.html"]
    assert storage.get_object(Bucket="site-of-tests", Key="index.html")["Body"].read() == b"<h1>two</h1>"

    stack.client("cloudformation").delete_stack(StackName="site")
    buckets = [bucket["Name"] for bucket in storage.list_buckets()["Buckets"]]
    assert "site-of-tests" not in buckets
