"""A frame for a whole batch of status updates fits into a message of API Gateway."""

from functions.contract.frames import NameChange, NamesFrame, PresenceChange, PresenceFrame
from functions.contract.text import MAX_NAME_CHARACTERS
from functions.logic.broadcast import MAX_NAMES_PER_FRAME
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


def test_the_most_names_of_a_frame_fit_into_a_post():
    """With the longest ids, and names of the letters that take most bytes."""
    changes = tuple(
        NameChange(user_id=f"{number:0128d}", display_name="𝔛" * MAX_NAME_CHARACTERS)
        for number in range(MAX_NAMES_PER_FRAME)
    )
    assert len(NamesFrame(changes=changes).encode().encode()) <= MAX_POST_BYTES
