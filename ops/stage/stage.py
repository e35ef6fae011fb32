"""A stage's outputs, and AWS clients for it.

A deployed stage is found by its stacks, a local one by its state directory.
"""

import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from ops.errors import OpsError
from ops.stage import command_lines, local_state, sessions
from ops.stage.users import UserPool

if TYPE_CHECKING:
    import boto3

STACKS = ("Auth", "Data", "Events", "WebSocketApi", "Delivery", "RestApi", "Frontend", "Observability")
MAX_ATTEMPTS = 10
"""The attempts of one call. The mode `adaptive` also slows down after a throttled call: operators read logs and
traces, whose quotas are a few calls per second (https://docs.aws.amazon.com/boto3/latest/guide/retries.html)."""
MAX_RUN_SECONDS = 300
"""The longest run of an Express workflow (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""
SYNC_READ_TIMEOUT_SECONDS = MAX_RUN_SECONDS + 15


class StageNotFoundError(OpsError):
    """There is no such stage, it is not running, or AWS cannot be reached. The message says what to do."""


class NoSuchStackError(StageNotFoundError):
    """One of the stage's stacks does not exist."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One deployment stage. `outputs` maps a stack's name (`Data`) to its outputs by name."""

    name: str
    site_url: str
    api_url: str
    websocket_url: str
    outputs: dict[str, dict[str, str]]
    session: "boto3.Session"
    endpoint_url: str | None = None
    options: tuple[str, ...] = ()
    """The options of `parley` that choose this stage."""
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)
    _resources: dict[tuple[str, int], Any] = field(default_factory=dict, repr=False)
    _tables: dict[tuple[str, int], Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def find(
        cls,
        name: str | None,
        state_dir: Path | None = None,
        *,
        profile: str | None = None,
        region: str | None = None,
    ) -> Self:
        """The deployed stage with this name; without a name the local stage.

        Raises StageNotFoundError and SessionError.
        """
        if not name:
            return cls.local(state_dir)
        found = cls.deployed(
            name, sessions.of_operator(profile, region), deploy=command_lines.deployment(name, profile, region)
        )
        return replace(found, options=command_lines.options_of_deployed_stage(name, profile, region))

    @classmethod
    def local(cls, state_dir: Path | None = None) -> Self:
        """The local stage that runs. Raises StageNotFoundError."""
        path = (state_dir or local_state.DEFAULT).resolve()
        if local_state.supervisor_pid(path) is None:
            start = command_lines.parley(command_lines.options_of_local_stage(path), "up")
            raise StageNotFoundError(f"No local stage is running in {path}: start it with: {start}")
        description = local_state.running(path)
        if description is None:
            raise StageNotFoundError(f"The local stage in {path} is still starting: try again in a moment.")
        if local_state.has_ended(description):
            raise StageNotFoundError(
                f"The emulator of the local stage in {path} has ended and is being restarted: try again soon."
            )
        return cls.from_status(description)

    @classmethod
    def from_status(cls, status: dict[str, Any]) -> Self:
        """The local stage described by the output of `parley status --json`."""
        name = status["stage"]
        return cls(
            name=name,
            site_url=status["url"],
            api_url=status["apiUrl"],
            websocket_url=status["websocketUrl"],
            outputs={stack.removeprefix(f"Parley-{name}-"): values for stack, values in status["outputs"].items()},
            session=sessions.of_local_stage(status["region"]),
            endpoint_url=status["emulatorUrl"],
            options=command_lines.options_of_local_stage(Path(status["stateDirectory"])),
        )

    @classmethod
    def deployed(cls, name: str, session: "boto3.Session", *, deploy: str = "") -> Self:
        """A stage in the AWS account and region of the session. Raises StageNotFoundError.

        `deploy` is the command that deploys the stage, for the message.
        """
        outputs = {stack: _outputs(session, name, stack, deploy=deploy) for stack in STACKS}
        site_url = outputs["Frontend"]["SiteUrl"].rstrip("/")
        return cls(
            name=name,
            site_url=site_url,
            api_url=f"{site_url}/api",
            websocket_url=outputs["WebSocketApi"]["WebSocketUrl"],
            outputs=outputs,
            session=session,
        )

    @classmethod
    def remaining(cls, name: str, session: "boto3.Session") -> Self:
        """What exists of a deployed stage that may be deleted in part: only outputs and clients can be used.

        Raises StageNotFoundError if AWS cannot be reached.
        """
        outputs: dict[str, dict[str, str]] = {}
        for stack in STACKS:
            with suppress(NoSuchStackError):
                outputs[stack] = _outputs(session, name, stack)
        return cls(name=name, site_url="", api_url="", websocket_url="", outputs=outputs, session=session)

    def command(self, *words: str) -> str:
        """A command line of `parley` for this stage, to print."""
        return command_lines.parley(self.options, *words)

    def output(self, stack: str, name: str) -> str:
        """One output, by its stack's name. Raises StageNotFoundError if the stage has no such output."""
        try:
            return self.outputs[stack][name]
        except KeyError:
            raise StageNotFoundError(
                f"The stage '{self.name}' has no output {name}: it is older than this command. Deploy it again."
            ) from None

    @property
    def is_local(self) -> bool:
        """Whether this is a local stage."""
        return self.endpoint_url is not None

    @property
    def region(self) -> str:
        """The AWS region."""
        return str(self.session.region_name)

    def client(self, service: str) -> Any:
        """The boto3 client of a service. The same one is returned each time; it is thread-safe."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._new_client(
                    service, retries={"mode": "adaptive", "total_max_attempts": MAX_ATTEMPTS}
                )
            return self._clients[service]

    @property
    def callback_url(self) -> str:
        """The address at which API Gateway posts to connections and closes them."""
        return self.websocket_url.replace("ws", "http", 1)

    @property
    def synchronous_runs(self) -> Any:
        """The Step Functions client for StartSyncExecution, which waits for the longest run and never retries.

        A repeated call is a second run, which would post again.
        """
        with self._lock:
            if "synchronous runs" not in self._clients:
                self._clients["synchronous runs"] = self._new_client(
                    "stepfunctions",
                    retries={"mode": "standard", "total_max_attempts": 1},
                    read_timeout=SYNC_READ_TIMEOUT_SECONDS,
                    # Routers drop a connection that is silent for some minutes.
                    tcp_keepalive=True,
                )
            return self._clients["synchronous runs"]

    def _new_client(self, service: str, **settings: Any) -> Any:
        from botocore.config import Config

        # A host prefix would lead to names such as sync-127.0.0.1, which do not resolve.
        config = Config(inject_host_prefix=not self.is_local, max_pool_connections=32, **settings)
        endpoint = self.callback_url if service == "apigatewaymanagementapi" else self.endpoint_url
        return self.session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]

    def resource(self, service: str) -> Any:
        """The boto3 resource of a service. Each thread gets its own: boto3's resources are not thread-safe."""
        key = service, threading.get_ident()
        with self._lock:
            if key not in self._resources:
                self._resources[key] = self.session.resource(  # type: ignore[call-overload]
                    service, endpoint_url=self.endpoint_url
                )
            return self._resources[key]

    def table(self, name: str) -> Any:
        """The boto3 Table of an output's name: `Messages` for `MessagesTableName`. Each thread gets its own, once.

        Making one takes a millisecond, a part of each call in a loop.
        """
        key = name, threading.get_ident()
        if key not in self._tables:
            self._tables[key] = self.resource("dynamodb").Table(self.output("Data", f"{name}TableName"))
        return self._tables[key]

    @property
    def user_pool(self) -> UserPool:
        """The stage's user pool."""
        return UserPool(
            client=self.client("cognito-idp"),
            user_pool_id=self.output("Auth", "UserPoolId"),
            client_id=self.output("Frontend", "UserPoolClientId"),
        )


def _outputs(session: "boto3.Session", name: str, stack: str, *, deploy: str = "") -> dict[str, str]:
    """The outputs of one stack. Raises NoSuchStackError, or StageNotFoundError if it cannot be read."""
    try:
        stacks = session.client("cloudformation")
        description = stacks.describe_stacks(StackName=f"Parley-{name}-{stack}")["Stacks"][0]
    except ValueError as error:
        raise sessions.unusable(error) from None
    except BotoCoreError as error:
        raise StageNotFoundError(
            f"Cannot read the stacks of the stage '{name}': {str(error).rstrip('.')}. Check your AWS "
            "credentials and region (--profile, --region)."
        ) from None
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            raise NoSuchStackError(
                f"There is no stack Parley-{name}-{stack} in {session.region_name}; "
                f"deploy the stage with: {deploy or command_lines.deployment(name)}"
            ) from None
        raise StageNotFoundError(
            f"AWS refused to describe the stage '{name}': {error.response['Error']['Message']}"
        ) from None
    return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
