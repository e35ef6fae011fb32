"""Run checks one after the other. A check that cannot be made is a result, not an error."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from ops import refusals
from ops.errors import OpsError
from ops.models import HealthCheck


@dataclass(frozen=True)
class Finding:
    """What a check found, and what to do; empty when there is nothing to do."""

    status: Literal["ok", "warning", "failed"]
    detail: str
    fix: str = ""

    def of(self, name: str) -> HealthCheck:
        """The result of the check of this name."""
        return HealthCheck(name=name, status=self.status, detail=self.detail, fix=self.fix)


def judged(is_good: bool, detail: str, fix: str, *, otherwise: Literal["warning", "failed"] = "failed") -> Finding:
    """A finding that is good, or else has a fix."""
    return Finding("ok", detail) if is_good else Finding(otherwise, detail, fix)


@dataclass(frozen=True)
class Check:
    """A check, and the IAM actions that it needs."""

    name: str
    actions: tuple[str, ...]
    make: Callable[[], Finding]


def run(checks: Iterable[Check]) -> Iterator[HealthCheck]:
    """Yield the result of each check. A missing right is a warning that names the action."""
    for check in checks:
        try:
            yield check.make().of(check.name)
        except ClientError as refusal:
            yield _refused(check, refusal).of(check.name)
        except (BotoCoreError, OpsError) as fault:
            fix = "" if isinstance(fault, OpsError) else "Check the network, the credentials and the region."
            yield Finding("failed", str(fault), fix).of(check.name)


def _refused(check: Check, refusal: ClientError) -> Finding:
    error = refusal.response["Error"]
    if refusals.is_denied(refusal):
        detail = f"not checked: your role may not call {refusal.operation_name}"
        return Finding("warning", detail, f"Allow your role {', '.join(check.actions)}.")
    return Finding("warning", f"not checked: {refusal.operation_name}: {error.get('Message') or error['Code']}")
