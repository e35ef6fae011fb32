"""The templates of three stages, synthesised once for all tests.

`dev` has the defaults, `prod` its settings in cdk.json, and `full` every setting that neither of them has.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# The CDK's runtime warns about Node 20 at every import; the README recommends Node 22.
os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "20"

ROOT = Path(__file__).resolve().parent.parent.parent

Resource = dict[str, Any]

CERTIFICATES = "arn:aws:acm:{}:111122223333:certificate"

# On the command line: `-c alarmEmail=…`.
ALARM_RECEIVER = {"alarmEmail": "operations@example.com"}

FULL = {
    "authMode": "demo",
    "accessLogs": True,
    "sesFrom": "chat@example.com",
    "sesRegion": "eu-west-1",
    "sesVerifiedDomain": "example.com",
    "sesReplyTo": "help@example.com",
    "sesConfigurationSet": "parley",
    "monthlyBudgetUsd": 20,
    "budgetEmail": "owner@example.com",
    "alarmEmails": ["one@example.com", "two@example.com"],
    "alarmWebhookParameter": "/parley/full/alarm-webhook",
    "traceSamplePercent": 50,
    "siteDomain": "chat.example.com",
    "siteCertificateArn": f"{CERTIFICATES.format('us-east-1')}/11111111-2222-3333-4444-555555555555",
    "socketDomain": "socket.chat.example.com",
    "socketCertificateArn": f"{CERTIFICATES.format('eu-west-1')}/66666666-7777-8888-9999-000000000000",
    "hostedZoneId": "Z0123456789ABCDEFGHIJ",
    "siteWebAclArn": "arn:aws:wafv2:us-east-1:111122223333:global/webacl/chat/11111111-2222-3333-4444-55555555",
    "logLevel": "DEBUG",
    "framesPerSecond": 300,
    "frameBurst": 400,
    "requestsPerSecond": 100,
    "requestBurst": 200,
    "pingsPerSecond": 40,
    "pingBurst": 50,
    "statusConcurrency": 8,
}


@dataclass(frozen=True)
class Synthesised:
    """The cloud assembly of a stage."""

    stage: str
    folder: Path
    templates: dict[str, dict[str, Any]]

    def resources(self, kind: str, part: str | None = None) -> dict[str, Resource]:
        """Return the resources of a type, of one stack or all, by `stack.logicalId`.

        Raises AssertionError if there are none, because a test of no resources would pass.
        """
        found = {key: resource for key, resource in self.all_resources(part) if resource["Type"] == kind}
        assert found, f"there is no {kind}"
        return found

    def all_resources(self, part: str | None = None) -> Iterator[tuple[str, Resource]]:
        """Yield every resource with its `stack.logicalId`."""
        for name, template in self.templates.items():
            if part in (None, name):
                for logical_id, resource in template["Resources"].items():
                    yield f"{name}.{logical_id}", resource

    def outputs(self, part: str) -> dict[str, Any]:
        """Return the outputs of a stack."""
        return {name: output["Value"] for name, output in self.templates[part].get("Outputs", {}).items()}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the stacks accept as the built site."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<!doctype html><title>Parley</title>")
    (folder / "assets" / "index-1a2b3c.js").write_text("export {};")
    return folder


@pytest.fixture(scope="session")
def context() -> dict[str, Any]:
    """The context of cdk.json."""
    loaded: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return loaded


@pytest.fixture(scope="session")
def dev(site: Path, context: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Synthesised:
    """A stage with the defaults."""
    extra = {"siteOrigin": "http://localhost:4280"}
    return synthesise("dev", site, context | extra, tmp_path_factory.mktemp("dev"))


@pytest.fixture(scope="session")
def prod(site: Path, context: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Synthesised:
    """Production, with its settings in cdk.json and a receiver of alarms, which it requires."""
    return synthesise("prod", site, context | ALARM_RECEIVER, tmp_path_factory.mktemp("prod"))


@pytest.fixture(scope="session")
def full(site: Path, context: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Synthesised:
    """A demo with every setting that the other two do not have."""
    stages = {"stages": {"full": FULL}}
    return synthesise("full", site, context | stages, tmp_path_factory.mktemp("full"))


@pytest.fixture(params=["dev", "prod"])
def stage(request: pytest.FixtureRequest) -> Synthesised:
    """Each of the two stages in turn."""
    synthesised: Synthesised = request.getfixturevalue(request.param)
    return synthesised


def synthesise(name: str, site: Path, context: dict[str, Any], folder: Path) -> Synthesised:
    """Synthesise as `app.py` does, with cdk-nag: an unacknowledged finding fails here."""
    import aws_cdk as cdk

    from app import add_stacks, check_with_cdk_nag
    from stacks.stage import Stage

    app = cdk.App(context=context | {"stage": name}, outdir=str(folder))
    add_stacks(app, Stage.from_context(app.node.try_get_context), site=site)
    check_with_cdk_nag(app)
    app.synth()
    templates = {
        path.name.removesuffix(".template.json").removeprefix(f"Parley-{name}-"): json.loads(path.read_text())
        for path in sorted(folder.glob("*.template.json"))
    }
    return Synthesised(stage=name, folder=folder, templates=templates)


def resource_schema(kind: str) -> dict[str, Any]:
    """The schema that CloudFormation publishes for a type of resource, from cfn-lint's copy."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # here, because it takes seconds

    schema: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return schema


def named(value: Any) -> str:
    """Return a value of a template as text, with references replaced by logical ids."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return f"<{value['Ref']}>"
    if "Fn::GetAtt" in value:
        return f"<{'.'.join(value['Fn::GetAtt'])}>"
    if "Fn::GetStackOutput" in value:
        source = value["Fn::GetStackOutput"]
        return f"<{source['StackName']}.{source['OutputName']}>"
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator.join(named(part) for part in parts))
    return json.dumps(value, sort_keys=True)
