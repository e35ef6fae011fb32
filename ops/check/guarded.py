"""Run checks one after the other. A check that cannot be made is a result, not an error."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from ops.errors import OpsError
from ops.models import HealthCheck

DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "Forbidden")


@dataclass(frozen=True)
class Check:
    """A check, and the IAM actions that it needs."""

    name: str
    actions: tuple[str, ...]
    make: Callable[[], HealthCheck]


def run(checks: Iterable[Check]) -> Iterator[HealthCheck]:
    """Yield the result of each check. A missing right is a warning that names the action."""
    for check in checks:
        try:
            yield check.make()
        except ClientError as refusal:
            yield _refused(check, refusal)
        except (BotoCoreError, OpsError) as fault:
            fix = "" if isinstance(fault, OpsError) else "Check the network, the credentials and the region."
            yield HealthCheck(name=check.name, status="failed", detail=str(fault), fix=fix)


def _refused(check: Check, refusal: ClientError) -> HealthCheck:
    error = refusal.response["Error"]
    if error["Code"] in DENIED:
        return HealthCheck(
            name=check.name,
            status="warning",
            detail=f"not checked: your role may not call {refusal.operation_name}",
            fix=f"Allow your role {', '.join(check.actions)}.",
        )
    return HealthCheck(
        name=check.name,
        status="warning",
        detail=f"not checked: {refusal.operation_name}: {error.get('Message') or error['Code']}",
        fix="",
    )
