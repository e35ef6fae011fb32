"""A stage as seen from outside: its outputs, and AWS clients that reach it.

A deployed stage is found by its stacks, a local one by its state directory.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from ops.errors import OpsError
from ops.stage import local_state
from ops.stage.users import UserPool

STACKS = ("Auth", "Data", "Events", "WebSocketApi", "Delivery", "RestApi", "Frontend", "Observability")


class StageNotFoundError(OpsError):
    """There is no such stage, or it is not running. The message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage. `outputs` maps a stack's name (Data) to its outputs."""

    name: str
    site_url: str
    api_url: str
    websocket_url: str
    outputs: dict[str, dict[str, str]]
    session: boto3.Session
    endpoint_url: str | None = None
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def find(cls, name: str | None, state_dir: Path | None = None) -> Self:
        """The deployed stage of a name, or without one the local stage. Raises StageNotFoundError."""
        return cls.deployed(name) if name else cls.local(state_dir)

    @classmethod
    def local(cls, state_dir: Path | None = None) -> Self:
        """The local stage that runs. Raises StageNotFoundError."""
        path = (state_dir or local_state.DEFAULT).resolve()
        if local_state.supervisor_pid(path) is None:
            raise StageNotFoundError(f"No local stage is running in {path}: start it with: parley up")
        description = local_state.running(path)
        if description is None:
            raise StageNotFoundError(f"The local stage in {path} is still starting: try again in a moment.")
        return cls.described(description)

    @classmethod
    def described(cls, status: dict[str, Any]) -> Self:
        """The local stage that a status describes."""
        name = status["stage"]
        return cls(
            name=name,
            site_url=status["url"],
            api_url=status["apiUrl"],
            websocket_url=status["websocketUrl"],
            outputs={stack.removeprefix(f"Parley-{name}-"): found for stack, found in status["outputs"].items()},
            session=boto3.Session("local", "local", region_name=status["region"]),
            endpoint_url=status["emulatorUrl"],
        )

    @classmethod
    def deployed(cls, name: str) -> Self:
        """A stage in the AWS account of one's credentials. Raises StageNotFoundError."""
        session = boto3.Session()
        try:
            stacks = session.client("cloudformation")
        except BotoCoreError as fault:
            raise StageNotFoundError(f"AWS cannot be asked for the stage '{name}': {fault}") from None
        outputs: dict[str, dict[str, str]] = {}
        for stack in STACKS:
            try:
                found = stacks.describe_stacks(StackName=f"Parley-{name}-{stack}")["Stacks"][0]
            except BotoCoreError as fault:
                raise StageNotFoundError(f"AWS cannot be asked for the stage '{name}': {fault}") from None
            except stacks.exceptions.ClientError as refusal:
                if refusal.response["Error"]["Code"] != "ValidationError":
                    raise StageNotFoundError(
                        f"AWS does not tell of the stage '{name}': {refusal.response['Error']['Message']}"
                    ) from None
                raise StageNotFoundError(
                    f"There is no stack Parley-{name}-{stack} in {session.region_name}; "
                    f"deploy the stage with: make deploy STAGE={name}"
                ) from None
            outputs[stack] = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
        site_url = outputs["Frontend"]["SiteUrl"].rstrip("/")
        return cls(
            name=name,
            site_url=site_url,
            api_url=f"{site_url}/api",
            websocket_url=outputs["WebSocketApi"]["WebSocketUrl"],
            outputs=outputs,
            session=session,
        )

    def output(self, stack: str, name: str) -> str:
        """One output, by its stack's name. Raises StageNotFoundError for a stage that is older than the output."""
        try:
            return self.outputs[stack][name]
        except KeyError:
            raise StageNotFoundError(
                f"The stage '{self.name}' has no output {name}: it is older than this command; deploy it again."
            ) from None

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine."""
        return self.endpoint_url is not None

    @property
    def region(self) -> str:
        """Where it is."""
        return str(self.session.region_name)

    def client(self, service: str) -> Any:
        """A boto3 client that reaches the stage, the same one each time; threads may share it."""
        with self._lock:
            if service not in self._clients:
                # Without a host prefix, which would look for hosts like sync-127.0.0.1.
                config = Config(
                    inject_host_prefix=not self.is_local,
                    max_pool_connections=32,
                    retries={"mode": "standard", "max_attempts": 4},
                )
                self._clients[service] = self.session.client(  # type: ignore[call-overload]
                    service, endpoint_url=self.endpoint_url, config=config
                )
            return self._clients[service]

    def resource(self, service: str) -> Any:
        """A boto3 resource that reaches the stage, a new one each time: threads may not share them."""
        return self.session.resource(service, endpoint_url=self.endpoint_url)  # type: ignore[call-overload]

    @property
    def user_pool(self) -> UserPool:
        """The stage's users."""
        return UserPool(
            client=self.client("cognito-idp"),
            user_pool_id=self.output("Auth", "UserPoolId"),
            client_id=self.output("Frontend", "UserPoolClientId"),
        )
