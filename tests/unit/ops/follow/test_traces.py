"""Segments of a trace, as a tree."""

import pytest

from ops.errors import BadRequestError
from ops.follow import traces
from tests.unit.ops.stages import deployed_stage


def test_a_trace_with_a_missing_parent_is_not_connected():
    """The segment becomes a second root."""
    documents = [
        {"id": "a", "name": "send", "start_time": 1.0, "end_time": 2.0},
        {"id": "b", "name": "post", "start_time": 1.5, "end_time": 1.8, "parent_id": "a"},
    ]
    connected = traces.tree("1-x", documents)
    assert connected.connected
    assert [child.name for child in connected.segments[0].children] == ["post"]
    disconnected = traces.tree("1-x", [documents[0], {**documents[1], "parent_id": "lost"}])
    assert not disconnected.connected
    assert len(disconnected.segments) == 2


def test_a_failure_below_a_successful_segment_is_caught():
    """Such as a condition that failed. If the parent failed too, the failure is not caught."""
    call = {"id": "c", "name": "dynamodb", "start_time": 1.1, "end_time": 1.2, "error": True}
    parent = {"id": "a", "name": "admit", "start_time": 1.0, "end_time": 1.3, "subsegments": [call]}
    [root] = traces.tree("1-x", [parent]).segments
    assert [(segment.failed, segment.caught) for segment in traces.walk([root])] == [(False, False), (True, True)]
    [root] = traces.tree("1-x", [{**parent, "fault": True}]).segments
    assert [(segment.failed, segment.caught) for segment in traces.walk([root])] == [(True, False), (True, False)]


@pytest.mark.parametrize("value", ['id" OR error', "id\\"])
def test_an_id_cannot_become_a_part_of_the_filter(value: str):
    """Nothing is sent to X-Ray."""
    with pytest.raises(BadRequestError, match="is no id"):
        traces.annotated(deployed_stage(), "messageId", value, since_ms=0, until_ms=1_000)
