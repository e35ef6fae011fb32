"""Templates with types that MiniStack does not know are deployed, updated and deleted."""

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.conftest import Stack
from tests.waiting import wait_until


def deploy(stack: Stack, name: str, resources: dict[str, Any]) -> None:
    cloudformation = stack.client("cloudformation")
    body = json.dumps({"Resources": resources})
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
