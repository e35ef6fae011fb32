"""Coalescing: at most one frame of each kind per connection in a batch. The latest state wins."""

from hypothesis import given
from hypothesis import strategies as st

from functions.chat.presence import changes_by_recipients, furthest_reads, latest_typing
from functions.contract.events import ChannelRead, TypingStarted
from functions.contract.frames import PresenceChange, ReadMarkerFrame, TypingFrame
from functions.contract.model import timestamp
from tests.unit.builders import AT, NOW_MS

users = st.sampled_from(["alice", "bob", "carol", "dave"])
connections = st.sets(st.sampled_from(["a1", "a2", "b1", "c1", "d1"]))


def change(user_id: str) -> PresenceChange:
    return PresenceChange(user_id=user_id, status="online", last_seen_at=AT)


def test_connections_with_the_same_changes_share_a_frame():
    """Two changes and three audiences: each connection gets one frame, and equal frames are built once."""
    frames = changes_by_recipients(
        [change("alice"), change("bob")], {"alice": ["b1", "c1", "c2"], "bob": ["c1", "c2", "a1"]}
    )
    assert {connections: [change.user_id for change in changes] for connections, changes in frames.items()} == {
        ("b1",): ["alice"],
        ("c1", "c2"): ["alice", "bob"],
        ("a1",): ["bob"],
    }


@given(st.dictionaries(users, connections))
def test_each_connection_gets_one_frame_with_all_its_changes(audiences):
    """For any audiences: no connection gets two frames, or a change of an audience it is not in."""
    frames = changes_by_recipients([change(user_id) for user_id in audiences], audiences)
    recipients = [connection for connections in frames for connection in connections]
    assert len(recipients) == len(set(recipients))
    expected = {
        connection: {user_id for user_id, audience in audiences.items() if connection in audience}
        for audience in audiences.values()
        for connection in audience
    }
    assert {
        connection: {change.user_id for change in changes}
        for connections, changes in frames.items()
        for connection in connections
    } == expected


def test_without_changes_there_are_no_frames():
    """And a change without an audience gives no frame."""
    assert changes_by_recipients([], {}) == {}
    assert changes_by_recipients([change("alice")], {"alice": []}) == {}


@given(st.lists(st.tuples(users, st.sampled_from(["c-1", "c-2"]), st.integers(0, 9))))
def test_the_latest_typing_update_wins(keystrokes):
    """One frame per user and channel, in whatever order the updates arrive."""
    updates = [
        TypingStarted(user_id=user_id, channel_id=channel_id, until=timestamp(NOW_MS + seconds * 1000))
        for user_id, channel_id, seconds in keystrokes
    ]
    latest = {
        (user_id, channel_id): max(s for u, c, s in keystrokes if (u, c) == (user_id, channel_id))
        for user_id, channel_id, _ in keystrokes
    }
    frames = latest_typing(updates, now_ms=0)
    assert len(frames) == len(latest)
    assert all(isinstance(frame, TypingFrame) for frame in frames)
    assert {(frame.user_id, frame.channel_id): frame.until for frame in frames} == {
        key: timestamp(NOW_MS + seconds * 1000) for key, seconds in latest.items()
    }


@given(st.lists(st.tuples(users, st.sampled_from(["c-1", "c-2"]), st.integers(0, 99))))
def test_the_highest_read_marker_wins(reads):
    """A read marker does not move back because of the order of arrival."""
    updates = [
        ChannelRead(user_id=user_id, channel_id=channel_id, read_seq=seq) for user_id, channel_id, seq in reads
    ]
    frames = furthest_reads(updates)
    furthest = {(u, c): max(s for v, d, s in reads if (v, d) == (u, c)) for u, c, _ in reads}
    assert len(frames) == len(furthest)
    for user_id, frame in frames:
        assert isinstance(frame, ReadMarkerFrame)
        assert frame.read_seq == furthest[user_id, frame.channel_id]
