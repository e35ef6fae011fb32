"""Deploy the files of CDK's `BucketDeployment`, and empty its buckets when their stack is deleted.

On AWS, a function with the AWS CLI unpacks the asset, replaces the markers by deploy-time values, uploads the
files with content types and the given metadata, deletes files that are no longer in the asset, and invalidates the
distribution. MiniStack runs neither this function, which needs `/opt/awscli`, nor that of
`Custom::S3AutoDeleteObjects`, which needs Node's AWS SDK. This addition registers handlers of both types that do
the same with MiniStack's S3 in the same process, because an HTTP request from a handler would wait for the handler
itself. An invalidation does nothing: the front door keeps only files whose names change with their content.
"""

import fnmatch
import io
import logging
import mimetypes
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from local.emulator import patching
from local.emulator.cloudformation.resource_types import Created, Properties, register

logger = logging.getLogger("parley.deployment")

DEPLOYMENT = "Custom::CDKBucketDeployment"
CLEANER = "Custom::S3AutoDeleteObjects"
CONTENT_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".ico": "image/vnd.microsoft.icon",
}


def install() -> None:
    """Register both custom resources."""
    for name in ("_put_object", "_delete_object", "_get_object_data"):
        patching.original("services.s3", name)
    register(DEPLOYMENT, create=create, update=update, delete=delete)
    register(CLEANER, create=create_cleaner, update=update_cleaner, delete=empty_bucket)
    before = patching.original("services.cloudformation.stacks", "_runs_on_worker_thread")

    def runs_on_worker_thread(resource_type: str) -> bool:
        """False for both types, so the stack is complete when the CDK CLI asks for the first time."""
        return resource_type not in (DEPLOYMENT, CLEANER) and bool(before(resource_type))

    patching.replace("services.cloudformation.stacks", "_runs_on_worker_thread", runs_on_worker_thread)


def create(logical_id: str, properties: Properties, stack_name: str) -> Created:
    """Copy the files of the sources into the bucket."""
    deploy(properties)
    return f"aws.cdk.s3deployment.{uuid.uuid4()}", _attributes(properties)


def update(
    physical_id: str, before: Properties, after: Properties, stack_name: str, logical_id: str | None = None
) -> Created:
    """Copy the files of the new sources; when the destination changed, delete the files of the old one."""
    moved = any(
        before.get(name) != after.get(name) for name in ("DestinationBucketName", "DestinationBucketKeyPrefix")
    )
    if moved:
        delete(physical_id, before)
    deploy(after)
    return physical_id, _attributes(after)


def delete(physical_id: str, properties: Properties) -> None:
    """Delete the deployed files, unless `RetainOnDelete` is true, which is the default."""
    if _is_true(properties.get("RetainOnDelete", True)):
        return
    storage = patching.module("services.s3")
    bucket = str(properties["DestinationBucketName"])
    for key in list(_keys(bucket, _prefix(properties))):
        storage._delete_object(bucket, key)


def deploy(properties: Properties) -> None:
    """Upload the files of each source in order, then delete the objects that no source has (`Prune`)."""
    storage = patching.module("services.s3")
    bucket, prefix = str(properties["DestinationBucketName"]), _prefix(properties)
    markers = properties.get("SourceMarkers") or [{} for _ in properties["SourceBucketNames"]]
    written: set[str] = set()
    sources = zip(properties["SourceBucketNames"], properties["SourceObjectKeys"], markers, strict=True)
    for source_bucket, source_key, source_markers in sources:
        content = storage._get_object_data(source_bucket, source_key)
        if content is None:
            raise ValueError(f"The source s3://{source_bucket}/{source_key} of the deployment does not exist")
        if _is_true(properties.get("Extract", True)):
            files = list(unpack(content, source_markers))
        else:
            files = [(str(source_key).rpartition("/")[2], content)]
        for name, body in files:
            if not is_selected(name, properties.get("Exclude") or [], properties.get("Include") or []):
                continue
            key = prefix + name
            response = storage._put_object(bucket, key, body, headers_for(name, properties))
            if response[0] >= 400:
                raise ValueError(f"Uploading {key} failed: {response[2]!r}")
            written.add(key)
    if _is_true(properties.get("Prune", True)):
        for key in list(_keys(bucket, prefix)):
            name = key.removeprefix(prefix)
            selected = is_selected(name, properties.get("Exclude") or [], properties.get("Include") or [])
            if key not in written and selected:
                storage._delete_object(bucket, key)
    logger.info("Deployed %d files to the bucket %s", len(written), bucket)


def unpack(archive: bytes, markers: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """The files of a source archive, as (name, content), with each marker replaced by its deploy-time value."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        for entry in files.infolist():
            if entry.is_dir():
                continue
            body = files.read(entry)
            for marker, value in markers.items():
                body = body.replace(marker.encode(), str(value).encode())
            yield entry.filename, body


def is_selected(name: str, exclude: list[str], include: list[str]) -> bool:
    """Whether the filters of `aws s3 sync` select a file: not excluded, or excluded and included again."""
    excluded = any(fnmatch.fnmatchcase(name, pattern) for pattern in exclude)
    return not excluded or any(fnmatch.fnmatchcase(name, pattern) for pattern in include)


def headers_for(name: str, properties: Properties) -> dict[str, str]:
    """The headers of one object: a content type by its name, overridden by the metadata of the deployment."""
    suffix = "." + name.rpartition(".")[2].lower()
    guessed = CONTENT_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    headers = {"content-type": guessed}
    for key, value in (properties.get("SystemMetadata") or {}).items():
        headers[str(key).lower()] = str(value)
    for key, value in (properties.get("UserMetadata") or {}).items():
        headers[f"x-amz-meta-{str(key).lower().removeprefix('x-amz-meta-')}"] = str(value)
    return headers


def create_cleaner(logical_id: str, properties: Properties, stack_name: str) -> Created:
    """Do nothing: the bucket is emptied when the stack is deleted."""
    return f"{properties.get('BucketName', logical_id)}-cleaner", {}


def update_cleaner(
    physical_id: str, before: Properties, after: Properties, stack_name: str, logical_id: str | None = None
) -> Created:
    """Empty the old bucket when the name of the bucket changed."""
    if before.get("BucketName") != after.get("BucketName"):
        empty_bucket(physical_id, before)
    return f"{after.get('BucketName')}-cleaner", {}


def empty_bucket(physical_id: str, properties: Properties) -> None:
    """Delete every object, so that the bucket itself can be deleted."""
    storage = patching.module("services.s3")
    bucket = str(properties.get("BucketName", ""))
    for key in list(_keys(bucket, "")):
        storage._delete_object(bucket, key)


def _attributes(properties: Properties) -> dict[str, Any]:
    bucket = properties["DestinationBucketName"]
    return {"DestinationBucketArn": f"arn:aws:s3:::{bucket}", "SourceObjectKeys": properties["SourceObjectKeys"]}


def _prefix(properties: Properties) -> str:
    prefix = str(properties.get("DestinationBucketKeyPrefix") or "").strip("/")
    return f"{prefix}/" if prefix else ""


def _keys(bucket: str, prefix: str) -> Iterator[str]:
    stored = patching.module("services.s3")._buckets.get(bucket) or {"objects": {}}
    for key in list(stored["objects"]):
        if key.startswith(prefix):
            yield key


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"
