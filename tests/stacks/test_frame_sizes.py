"""A frame for a whole batch of status updates fits into a message of API Gateway."""

from functions.contract.frames import PresenceChange, PresenceFrame
from tests.stacks.conftest import Synthesised
from tests.unit.builders import AT

# A post may be larger than a frame of a client: API Gateway splits it into frames.
MAX_POST_BYTES = 128 * 1024


def test_the_presence_of_a_whole_batch_fits_into_a_post(stage: Synthesised):
    """Each record of the largest batch changes the presence of another user, with the longest id."""
    (mapping,) = stage.resources("AWS::Lambda::EventSourceMapping").values()
    changes = tuple(
        PresenceChange(user_id=f"{number:0128d}", status="offline", last_seen_at=AT)
        for number in range(mapping["Properties"]["BatchSize"])
    )
    assert len(PresenceFrame(changes=changes).encode().encode()) <= MAX_POST_BYTES
