"""The resources that hold data, as the last release deployed them, and what an upgrade must not change of them.

CloudFormation replaces a resource when one of its create-only properties changes, and removes it when its logical
id or its type does. Either loses the data. `python -m tests.stacks.stateful` writes the file of a release, whose
name is its version in pyproject.toml.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.stacks.conftest import ROOT, Resource, resource_schema

RELEASES = Path(__file__).with_name("releases")
STAGE = "prod"
FIXED = {
    "AWS::DynamoDB::Table": set[str](),
    "AWS::Cognito::UserPool": {"AliasAttributes", "UsernameAttributes", "UsernameConfiguration", "Schema"},
    "AWS::Cognito::UserPoolDomain": set[str](),
    "AWS::S3::Bucket": set[str](),
    "AWS::Events::EventBus": set[str](),
    "AWS::Events::Archive": set[str](),
    "AWS::SQS::Queue": set[str](),
    "AWS::Logs::LogGroup": set[str](),
    "AWS::KMS::Key": set[str](),
}
"""The types that hold data, each with what cannot be changed, apart from its schema's create-only properties."""

Stateful = dict[str, dict[str, Any]]


def stateful(resources: Iterable[tuple[str, Resource]]) -> Stateful:
    """The resources that hold data, by `stack.logicalId`: the type, and what cannot be changed."""
    return {
        key: {"Type": resource["Type"], **fixed(resource)}
        for key, resource in sorted(resources)
        if resource["Type"] in FIXED
    }


def fixed(resource: Resource) -> dict[str, Any]:
    """The properties of a resource that cannot be changed without replacing it."""
    properties = resource.get("Properties", {})
    return {name: properties[name] for name in sorted(create_only(resource["Type"])) if name in properties}


def create_only(kind: str) -> set[str]:
    """The names of these properties of a type."""
    schema = resource_schema(kind)
    pointers = [*schema.get("createOnlyProperties", []), *schema.get("conditionalCreateOnlyProperties", [])]
    return {pointer.split("/")[2] for pointer in pointers} | FIXED[kind]


def lost(before: Stateful, after: Stateful) -> dict[str, str]:
    """Which resources an upgrade removes or replaces, and why."""
    found = {}
    for key, resource in before.items():
        if key not in after:
            found[key] = "removed"
        elif after[key] != resource:
            names = resource.keys() | after[key].keys()
            changed = [name for name in sorted(names) if resource.get(name) != after[key].get(name)]
            found[key] = f"replaced, because of {', '.join(changed)}"
    return found


def newest_release() -> Stateful:
    """The resources of the newest release."""
    newest = max(RELEASES.glob("*.json"), key=lambda path: version_of(path.stem))
    released: Stateful = json.loads(newest.read_text(encoding="utf-8"))
    return released


def version_of(name: str) -> tuple[int, ...]:
    """A version, or a tag such as `v0.1.0`, as numbers."""
    return tuple(int(part) for part in name.removeprefix("v").split("."))


def synthesised(root: Path) -> Stateful:
    """The resources that hold data of the app in a folder, by this version of Python and the CDK."""
    with tempfile.TemporaryDirectory() as folder:
        program = (
            "import pathlib, sys; from tests.emulator.parley_app import synthesise; "
            "synthesise(pathlib.Path(sys.argv[1]), sys.argv[2], alarmEmails=['operations@example.com'])"
        )
        subprocess.run(
            [sys.executable, "-c", program, folder, STAGE], cwd=root, check=True, stdout=subprocess.DEVNULL
        )
        return stateful(resources_of(Path(folder) / "cdk.out"))


def resources_of(assembly: Path) -> Iterator[tuple[str, Resource]]:
    """Every resource of an assembly with its `stack.logicalId`."""
    for path in assembly.glob("*.template.json"):
        name = path.name.removesuffix(".template.json").removeprefix(f"Parley-{STAGE}-")
        for logical_id, resource in json.loads(path.read_text(encoding="utf-8"))["Resources"].items():
            yield f"{name}.{logical_id}", resource


def main() -> None:
    """Write the file of the release that is made now."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    path = RELEASES / f"{version}.json"
    path.write_text(json.dumps(synthesised(ROOT), indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{path.relative_to(ROOT)} has the resources that hold data\n")


if __name__ == "__main__":
    main()
