"""The same load in other designs, by their list prices."""

import math

from ops.cost import design
from ops.cost.design import DEFAULT, GB, Assumptions
from ops.cost.usage import Usage, plus, usage

APPSYNC_STEP_BYTES = 5 * 1024


def posting_to_all(connected: int, assumed: Assumptions = DEFAULT) -> Usage:
    """A message that is posted to every open socket of the stage; clients drop what they must not show."""
    return design.message(connected, assumed)


def appsync_message(recipients: int, assumed: Assumptions = DEFAULT) -> Usage:
    """A message on an AppSync Event API: one publish, and one operation for each recipient.

    Nothing is stored, put in order, archived or traced.
    """
    frame = design.frame_bytes(assumed)
    steps = math.ceil(frame / APPSYNC_STEP_BYTES)
    return usage(appsync_operations=steps * (1 + recipients), sent_gb=recipients * frame / GB)


def appsync_stored_message(recipients: int, assumed: Assumptions = DEFAULT) -> Usage:
    """The same with Parley in front: stored once, in order and archived, and published instead of posted."""
    return plus(design.message(0, assumed), appsync_message(recipients, assumed))


def appsync_idle_hour() -> Usage:
    """An hour of a connection to AppSync. Its keep-alives come from the service and are not charged."""
    return usage(appsync_minutes=60)
