"""Every call of a client is checked against botocore's model of the service, in the unit tests and on AWS."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ParamValidationError

from functions.aws import clients
from functions.aws.service_models import SERVICES
from ops.stage.stage import Stage as OperatedStage
from tests.unit.stage import Stage


@pytest.fixture
def all_clients(stage: Stage) -> list[Any]:
    """The clients of the functions and of the operators' tools."""
    operated = OperatedStage(
        name="tests", site_url="", api_url="", websocket_url="", outputs={}, session=boto3.Session()
    )
    functions = [clients.dynamodb().meta.client, clients.event_bridge(), clients.connections_api()]
    operators = [operated.client("sqs"), operated.resource("dynamodb").meta.client, operated.synchronous_runs]
    return [*functions, *operators]


def test_every_client_validates_its_parameters(all_clients: list[Any]):
    """No configuration turns this off, so a call with a wrong parameter fails in the unit test that makes it."""
    assert [client for client in all_clients if not client.meta.config.parameter_validation] == []
    for client in all_clients:
        with pytest.raises(ParamValidationError):
            client._make_api_call(client.meta.service_model.operation_names[0], {"NoSuchParameter": 1})


def test_only_the_models_of_the_called_services_are_looked_up(aws: Stage, monkeypatch: pytest.MonkeyPatch):
    """Looking into the directories of all services takes a quarter of the time in which clients are created."""
    listed: list[Path] = []

    def list_directory(path: str) -> list[str]:
        listed.append(Path(path))
        return [child.name for child in Path(path).iterdir()]

    monkeypatch.setattr("botocore.loaders.os", SimpleNamespace(listdir=list_directory, path=os.path))
    session: Any = clients.session.__wrapped__()
    for service in SERVICES:
        session.client(service)
    session.resource("dynamodb")
    assert {path.name for path in listed} == set(SERVICES)
