"""An account for tests, whose clients answer what a test adds."""

from typing import Any

from botocore.stub import Stubber

from ops.check.account import Account
from tests.unit.ops import stages

REGION = "eu-central-1"


class StubbedAccount(Account):
    """Its clients answer what a test adds to `stub(service)`, and fail without it."""

    def __init__(self) -> None:
        super().__init__(stages.session(REGION))
        self._clients: dict[str, Any] = {}
        self._stubbers: dict[str, Stubber] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = super().client(service)
            self._stubbers[service] = Stubber(self._clients[service])
            self._stubbers[service].activate()
        return self._clients[service]

    def stub(self, service: str) -> Stubber:
        self.client(service)
        return self._stubbers[service]
