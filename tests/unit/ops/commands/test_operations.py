"""What the list of operations says of each."""

import pytest

from ops.commands.operations import with_values
from ops.models import OperationSummary


@pytest.mark.parametrize(
    ("command", "options", "shown"),
    [
        ("users kick", {"user": "bob"}, "users kick: user bob"),
        ("replay --redeliver", {"since": "5m", "channel": "tea"}, "replay --redeliver: since 5m, channel tea"),
        ("prepare-destroy", {}, "prepare-destroy"),
    ],
)
def test_a_command_is_shown_with_what_it_was_about(command: str, options: dict[str, str], shown: str):
    """Not with options that it does not have: `users kick --user` is refused."""
    ended = {"ended_at": "2026-11-24T09:30:01.000Z", "outcome": "done", "exit_code": 0}
    started = {"operation_id": "o-1", "operator": "ada@host", "started_at": "2026-11-24T09:30:00.000Z"}
    one = OperationSummary.model_validate({**started, **ended, "command": command, "options": options})
    assert with_values(one) == shown
