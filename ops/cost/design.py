"""What a load uses by the design of Parley: each count follows from one file, each assumption has a name.

Counted are the steps in docs/one-message.md, and with TYPED what a person does for each message: typing it, and
reading it. Not counted are cold starts, retries, and what a person does in addition, such as loading a page.
"""

import math
from dataclasses import asdict, dataclass, replace

from ops.cost.usage import Usage, plus, times, usage

KB = 1024
GB = 1_000_000_000
STATE_MB, RUN_STEP_MS = 64, 100
PAGE, BATCH = 500, 100
"""Recipients per query and per invocation: FindRecipients and PostToConnections in workflows/deliver.asl.json."""
CONCURRENT_POSTS = 40
"""functions/aws/connection_posts.py"""
STATUS_POST_MS = 0.54
"""A post of `broadcast_status`: 0.35 ms of a processor, of which the function has 0.65 (docs/scale.md)."""
SOCKET_HOURS = 59 / 60
"""A socket is replaced a minute before its ID token ends, which is valid for an hour (bench/scale_demand.py)."""
SOCKET_REQUESTS = 4
"""REST requests of a new socket: a ticket, channels, unread mentions, and the newest messages of a channel."""


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """What the design does not decide. Durations and sizes are those of a warm stage."""

    text_bytes: int = 62
    workflow_log: bool = True
    """`workflowLogLevel` ALL; false is ERROR."""
    trace_percent: float = 5.0
    """The share of messages that is traced (docs/tracing.md)."""
    ping_minutes: float = 4.0
    """How often the browser sends a ping."""
    typing_frames: float = 0.0
    """`startTyping` for each message: none from a program; at the first keystroke and every 3 s from a person."""
    own_markers: float = 0.0
    """Read markers that the sender moves for each message: one if it is a person."""
    read_percent: float = 0.0
    """The share of recipients that moves its read marker after each message."""
    channels_of_user: int = 5
    """A socket writes a subscription for each channel of its user."""
    send_ms: float = 25.0
    post_ms: float = 15.0
    """One post; 40 of a batch run concurrently."""
    api_ms: float = 30.0
    socket_route_ms: float = 20.0
    """The authorizer, `connect` and `disconnect`."""
    states_ms: float = 120.0
    """The states of the workflow without the posts."""
    page_ms: float = 20.0
    """One query for recipients."""
    subscription_bytes: int = 150
    function_log_bytes: int = 1_200
    """One invocation: start, end, report, one line and one metric."""
    connection_log_bytes: int = 20
    """One connection id in the log of post_to_connections."""
    run_log_bytes: int = 32_600
    """A run in the workflow's log with level ALL (bench/workflow_log_size.py)."""
    recipient_log_bytes: int = 190
    """The same, for each recipient."""

    def by_name(self) -> dict[str, float]:
        """The assumptions by name, for the output."""
        return {name: float(value) for name, value in asdict(self).items()}


DEFAULT = Assumptions()
PROD = replace(DEFAULT, workflow_log=False)
TYPING_FRAMES, OWN_MARKERS = 4.0, 1.0
"""Of a person who types 62 characters in 12 s."""
TYPED = replace(PROD, typing_frames=TYPING_FRAMES, own_markers=OWN_MARKERS)


def message(recipients: int, assumed: Assumptions = DEFAULT) -> Usage:
    """A message to this number of connected recipients, its sender among them."""
    batches = _batches(recipients)
    run_log = assumed.run_log_bytes + recipients * assumed.recipient_log_bytes if assumed.workflow_log else 0
    function_log = (1 + len(batches)) * assumed.function_log_bytes + recipients * assumed.connection_log_bytes
    posts = sum(_gb_seconds(1024, _batch_ms(batch, assumed)) for batch in batches)
    sealed = _sealed_bytes(assumed.text_bytes)
    used = usage(
        # The command, its ack, and a frame for each recipient.
        socket_messages=2 + recipients,
        events=1,
        archived_gb=(900 + sealed) / GB,
        runs=1,
        run_gb_seconds=STATE_MB / KB * _run_ms(recipients, assumed) / 1000,
        invocations=1 + len(batches),
        function_gb_seconds=_gb_seconds(1024, assumed.send_ms) + posts,
        # Admission; AssignSequence; PersistOnce, with the message's id and its row in a transaction.
        write_units=1 + 1 + 2 + 2 * math.ceil((450 + sealed) / KB),
        # FindOriginal, and FindRecipients for each page.
        read_units=1 + sum(_read_units(page * assumed.subscription_bytes) for page in _pages(recipients)),
        logged_gb=(run_log + function_log) / GB,
        traces=assumed.trace_percent / 100,
        sent_gb=recipients * frame_bytes(assumed) / GB,
    )
    markers = assumed.own_markers + recipients * assumed.read_percent / 100
    return plus(
        used, times(_typing(recipients, assumed), assumed.typing_frames), times(_read_marker(assumed), markers)
    )


def idle_hour(assumed: Assumptions = DEFAULT) -> Usage:
    """An hour of an open socket whose user does nothing: minutes, pings, and a replacement of the socket."""
    pings = 60 / assumed.ping_minutes
    replacement = usage(
        rest_requests=SOCKET_REQUESTS,
        invocations=SOCKET_REQUESTS + 3,
        function_gb_seconds=SOCKET_REQUESTS * _gb_seconds(1024, assumed.api_ms)
        + 3 * _gb_seconds(512, assumed.socket_route_ms),
        # The ticket and its use, the connection and its deletion, and the subscriptions twice.
        write_units=4 + 2 * assumed.channels_of_user,
        # Those of the socket; memberships and channels, for the channels and the mentions; a page of messages.
        read_units=6 + 2 * (1 + assumed.channels_of_user) + 2,
        # UserConnected and UserDisconnected, each sent to the queue, received and deleted.
        events=2,
        archived_gb=2 * 700 / GB,
        queue_requests=6,
        logged_gb=(SOCKET_REQUESTS + 3) * assumed.function_log_bytes / GB,
    )
    open_socket = usage(connection_minutes=60, socket_messages=2 * pings, sent_gb=pings * 20 / GB)
    return plus(open_socket, times(replacement, 1 / SOCKET_HOURS))


def frame_bytes(assumed: Assumptions) -> int:
    """The size of the frame of a message."""
    return 360 + assumed.text_bytes


def _typing(recipients: int, assumed: Assumptions) -> Usage:
    """A frame with its ack and its event, posted by broadcast_status to the other recipients."""
    others = max(0, recipients - 1)
    return usage(
        socket_messages=2 + others,
        events=1,
        archived_gb=600 / GB,
        queue_requests=2,
        invocations=1,
        function_gb_seconds=_gb_seconds(512, assumed.socket_route_ms) + 1152 / KB * others * STATUS_POST_MS / 1000,
        write_units=1,
        # The size of the channel, and its subscriptions.
        read_units=1 + _read_units(recipients * assumed.subscription_bytes),
        logged_gb=assumed.function_log_bytes / GB,
        sent_gb=others * 150 / GB,
    )


def _read_marker(assumed: Assumptions) -> Usage:
    """A REST request with its write and its event, and the frame for the reader's own tabs."""
    return usage(
        rest_requests=1,
        invocations=1,
        function_gb_seconds=_gb_seconds(1024, assumed.api_ms),
        write_units=1,
        read_units=2,
        events=1,
        archived_gb=600 / GB,
        queue_requests=1,
        socket_messages=1,
        logged_gb=assumed.function_log_bytes / GB,
    )


def _sealed_bytes(text_bytes: int) -> int:
    """The size of a sealed text: 16 bytes more, in Base64, after a mark of four."""
    return 4 + 4 * math.ceil((text_bytes + 16) / 3)


def _pages(recipients: int) -> list[int]:
    """The recipients of each page. A page is read also if there is no recipient."""
    full, rest = divmod(recipients, PAGE)
    return [PAGE] * full + ([rest] if rest or not full else [])


def _batches(recipients: int) -> list[int]:
    return [min(BATCH, page - start) for page in _pages(recipients) for start in range(0, page, BATCH)]


def _batch_ms(recipients: int, assumed: Assumptions) -> float:
    return 10 + assumed.post_ms * math.ceil(recipients / CONCURRENT_POSTS)


def _run_ms(recipients: int, assumed: Assumptions) -> int:
    """The charged duration of a run: its states, and for each page a query and the longest of its batches."""
    pages = (assumed.page_ms + _batch_ms(min(page, BATCH), assumed) for page in _pages(recipients))
    return math.ceil((assumed.states_ms + sum(pages)) / RUN_STEP_MS) * RUN_STEP_MS


def _read_units(size: int) -> int:
    return max(1, math.ceil(size / (4 * KB)))


def _gb_seconds(memory_mb: int, milliseconds: float) -> float:
    return memory_mb / KB * math.ceil(milliseconds) / 1000
