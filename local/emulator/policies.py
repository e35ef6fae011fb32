"""IAM's checks while policies are enforced: what MiniStack's lack, and a record of the denied calls.

MiniStack checks the calls that it answers itself, not those to X-Ray's API, which the additions answer. It does
not know the ARNs of archives, replays, targets and dashboards, nor that SQS has no actions for batches
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-using-identity-based-policies.html).
And it sees plain HTTP, which the policies of the queues deny: here loopback stands for TLS, since no other machine
can read it.
"""

import json
from typing import Any
from uuid import uuid4

from local.emulator import patching
from local.emulator.asgi import Scope

XRAY_ACTIONS = {
    "/Traces": "xray:BatchGetTraces",
    "/TraceSummaries": "xray:GetTraceSummaries",
    "/ServiceGraph": "xray:GetServiceGraph",
}
"""The action of each path of X-Ray's API."""

Refusal = tuple[int, dict[str, str], bytes]
"""The status, headers and body of an answer."""


class Policies:
    """Switches IAM's enforcement, and records the calls that it denies."""

    def __init__(self) -> None:
        patching.original("app", "AUTH")
        self.denied: list[dict[str, str]] = []
        """The calls that were denied since enforcement was switched, by action and principal."""
        self._denial = patching.replace("core.iam_actions", "access_denied_response", self._deny)
        self._action = patching.replace("core.iam_actions", "extract_iam_action", self._iam_action)
        self._resource = patching.replace("core.iam_actions", "extract_resource_arn", self._resource_arn)
        pin_origin = patching.original("app", "pin_request_origin")
        patching.replace("app", "pin_request_origin", lambda address, _is_secure: pin_origin(address, True))

    def enforce(self, enforced: bool) -> None:
        """Switch IAM's enforcement."""
        patching.module("app").AUTH = enforced
        self.denied.clear()

    def refusal_of_xray(self, scope: Scope) -> Refusal | None:
        """The answer to a caller of X-Ray's API without the right; None if the call is allowed."""
        app = patching.module("app")
        if not app.AUTH:
            return None
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        access_key = patching.original("app", "extract_access_key_id")(headers, {})
        account = patching.original("app", "_request_account_scope")(access_key)
        patching.original("core.responses", "set_request_account_id")(account)
        action = XRAY_ACTIONS[scope["path"]]
        refused: Refusal | None = app._enforce_data_plane("xray", action, headers, {}, str(uuid4()))
        return refused

    def _deny(self, service: str, action: str, principal_arn: str, *more: Any, **named: Any) -> Any:
        self.denied.append({"action": action, "principal": principal_arn})
        return self._denial(service, action, principal_arn, *more, **named)

    def _iam_action(self, service: str, *request: Any) -> Any:
        return right_for(self._action(service, *request))

    def _resource_arn(
        self,
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> Any:
        """The ARN that a call is for: those of EventBridge and CloudWatch that MiniStack lacks, else its own."""
        if service in ("events", "monitoring"):
            resource = named_resource(service, _fields(body) | _first_values(query_params))
            if resource:
                place = f"events:{region}" if service == "events" else "cloudwatch:"
                return f"arn:aws:{place}:{account_id}:{resource}"
        return self._resource(service, method, path, headers, body, query_params, region, account_id)


def right_for(action: str | None) -> str | None:
    """The action that IAM checks. A batch call of SQS needs the right of the call for one message."""
    is_batch = action is not None and action.startswith("sqs:") and action.lower().endswith("batch")
    return action[: -len("batch")] if action and is_batch else action


def named_resource(service: str, fields: dict[str, Any]) -> str:
    """The resource that the fields of a call name; empty if MiniStack knows it, or there is none.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
    """
    if service == "monitoring":
        return f"dashboard/{fields['DashboardName']}" if "DashboardName" in fields else ""
    if "ReplayName" in fields and "EventSourceArn" in fields:
        # StartReplay is also checked on the bus and the replay.
        return "archive/" + str(fields["EventSourceArn"]).rpartition("/")[2]
    for field, kind in (("ArchiveName", "archive"), ("ReplayName", "replay")):
        if field in fields:
            return f"{kind}/{fields[field]}"
    return f"rule/{fields.get('EventBusName', 'default')}/{fields['Rule']}" if "Rule" in fields else ""


def _fields(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _first_values(query_params: dict[str, Any]) -> dict[str, Any]:
    return {name: values[0] if isinstance(values, list) else values for name, values in query_params.items()}
