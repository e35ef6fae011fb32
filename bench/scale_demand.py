"""What a number of connected people needs of each service, and what it costs, by arithmetic.

The load is an assumption: each connected person types and sends one message in five minutes, to a channel with ten
open connections. Not counted are the read markers of those who read it: each is as much as the sender's. Prices:
list prices of us-east-1 (docs/cost.md).
"""

from dataclasses import dataclass

SECONDS_BETWEEN_MESSAGES = 300
CONNECTIONS_PER_CHANNEL = 10
TYPING_FRAMES_PER_MESSAGE = 4
"""A browser sends `startTyping` at the first keystroke and every 3 s: four times for 62 characters in 12 s.

The number is at least one (ui/src/core/chat/messageSender.ts). Each is posted to the other connections.
"""
MARKERS_PER_MESSAGE = 1
"""The sender's own read marker, 350 ms after the message (ui/src/core/chat/readMarkers.ts).

It is a REST request, and a frame to the sender's connections.
"""
CHANNELS_PER_PERSON = 10
SECONDS_BETWEEN_PINGS = 240
SECONDS_PER_CONNECTION = 59 * 60
"""The browser replaces a socket a minute before its ID token ends, which is valid for an hour.

With a token that is valid for longer, it is replaced after 105 to 115 minutes (ui/src/core/socket/machine.ts).
"""
REQUESTS_PER_CONNECTION = 4
"""A ticket, the user's channels and unread mentions, and the newest messages of the open channel."""
ROWS_PER_CONNECTION = 40
"""What these requests read: memberships, channels, messages."""
SECONDS_TO_RECONNECT = 30
"""After an interruption, all connect again within the longest pause of the browser."""
PEOPLE_HELD = 1_000
PEOPLE_PER_REQUEST = 100
SECONDS_PER_PERSON_HELD = 0.06
LARGE_DIRECTORY_SECONDS = 600
"""After an interruption, a browser loads the people that it holds again, at a random moment of this time.

The numbers are those of ui/src/core/chat/channels.ts.
"""
HOURS_PER_MONTH = 730
STATUS_POST_MS = 0.35
"""The processor time of a post (`python -m bench.posts`)."""
STATUS_CALL_MS = 1.0
"""The processor time of a call of DynamoDB, as of another call of boto3. An assumption."""
STATUS_PROCESSOR = 0.65
"""What `broadcast_status` has of a processor, with 1,152 MiB."""

DOLLARS_PER_MESSAGE = {
    "sockets: frame, ack and posts": (2 + CONNECTIONS_PER_CHANNEL) * 1.00,
    "DynamoDB: 6 writes, 2 reads": 6 * 0.625 + 2 * 0.125,
    "workflow: half a second": 1.00 + 5 * 0.10,
    "functions: 1 GB for 20 and 30 ms": 2 * 0.20 + 0.05 * 13.33,
    "bus": 1.00,
    "logs and traces": 2.00,
    # A frame, its ack and the posts; an event, its two requests to the queue, a write, and half a GB for 20 ms.
    "typing": TYPING_FRAMES_PER_MESSAGE
    * ((2 + CONNECTIONS_PER_CHANNEL - 1) * 1.00 + 1.00 + 2 * 0.40 + 0.625 + 0.20 + 0.01 * 13.33),
    # A REST request with its reads; an event, its two requests to the queue, a write, a frame, and 1 GB for 50 ms.
    "the sender's read marker": MARKERS_PER_MESSAGE
    * (3.50 + 3 * 0.125 + 1.00 + 2 * 0.40 + 0.625 + 1.00 + 0.20 + 0.05 * 13.33),
}
"""Dollars for a million messages, each to ten connections. The batches of the queue cost little for each event."""

DOLLARS_PER_CONNECTION = {
    "requests, and whether their session has ended": REQUESTS_PER_CONNECTION * (3.50 + 0.25),
    "functions: 1 GB for 50 ms, those of connect and disconnect too": (REQUESTS_PER_CONNECTION + 3)
    * (0.20 + 0.05 * 13.33),
    "DynamoDB: subscriptions, and what is read": 1.25 * CHANNELS_PER_PERSON + 0.125 * ROWS_PER_CONNECTION,
}
"""Dollars for a million sockets that replace others."""


def status_batch_seconds(changes: int) -> float:
    """The longest time of a batch of the queue `status`: users whose presence changes and who share no channel.

    For each, their connections are read twice, their presence is stored, and their channels are read with their
    subscriptions. Then a frame is posted to each connection in these channels.
    """
    calls = 4 + CHANNELS_PER_PERSON
    posts = 1 + CHANNELS_PER_PERSON * (CONNECTIONS_PER_CHANNEL - 1)
    return changes * (calls * STATUS_CALL_MS + posts * STATUS_POST_MS) / STATUS_PROCESSOR / 1000


@dataclass(frozen=True)
class Demand:
    """The rates of a stage, per second."""

    people: int

    @property
    def messages(self) -> float:
        """Messages, which are runs."""
        return self.people / SECONDS_BETWEEN_MESSAGES

    @property
    def frames(self) -> float:
        """Frames from clients that start a function: messages and typing."""
        return self.messages * (1 + TYPING_FRAMES_PER_MESSAGE)

    @property
    def markers(self) -> float:
        """Read markers: REST requests."""
        return self.messages * MARKERS_PER_MESSAGE

    @property
    def events(self) -> float:
        """Events on the bus, each with one target: messages, typing, read markers, opened and closed sockets."""
        return self.frames + self.markers + 2 * self.connects

    @property
    def posts(self) -> float:
        """Posts of messages to connections."""
        return self.messages * CONNECTIONS_PER_CHANNEL

    @property
    def status_posts(self) -> float:
        """Posts of status updates: typing to the other connections, and a read marker to its user's own one."""
        return self.messages * TYPING_FRAMES_PER_MESSAGE * (CONNECTIONS_PER_CHANNEL - 1) + self.markers

    @property
    def pings(self) -> float:
        """Pings, which API Gateway answers."""
        return self.people / SECONDS_BETWEEN_PINGS

    @property
    def connects(self) -> float:
        """Sockets that replace others, each with a renewed token."""
        return self.people / SECONDS_PER_CONNECTION

    @property
    def rest_requests(self) -> float:
        """REST requests: read markers, and those of new sockets."""
        return self.markers + self.connects * REQUESTS_PER_CONNECTION

    @property
    def requests(self) -> float:
        """What counts against the account's requests: frames, posts, pings, new sockets and REST requests."""
        return self.frames + self.posts + self.status_posts + self.pings + self.connects + self.rest_requests

    @property
    def functions(self) -> float:
        """Functions that run at once: 20 ms for a frame, 30 ms to post a message, 50 ms for each other one.

        Not counted are the batches of the queue `status`, of which two run at once.
        """
        others = self.markers + self.connects * (REQUESTS_PER_CONNECTION + 3)
        return self.frames * 0.02 + self.messages * 0.03 + others * 0.05

    @property
    def reconnects(self) -> float:
        """Sockets after an interruption that everyone notices, if nothing limits them."""
        return self.people / SECONDS_TO_RECONNECT

    @property
    def reconnect_requests(self) -> float:
        """Their REST requests."""
        return self.reconnects * REQUESTS_PER_CONNECTION

    @property
    def reconnect_functions(self) -> float:
        """Functions that run at once for them."""
        return self.reconnects * (REQUESTS_PER_CONNECTION + 3) * 0.05

    @property
    def reconnect_writes(self) -> float:
        """Subscriptions that they write, and that are deleted for the lost sockets."""
        return 2 * self.reconnects * CHANNELS_PER_PERSON

    @property
    def people_requests(self) -> float:
        """Requests for pages of people after an interruption that everyone notices."""
        held = min(self.people, PEOPLE_HELD)
        is_large = self.people > PEOPLE_HELD
        spread = LARGE_DIRECTORY_SECONDS if is_large else held * SECONDS_PER_PERSON_HELD
        return self.people * (held / PEOPLE_PER_REQUEST) / spread

    @property
    def people_reads(self) -> float:
        """Reads of the table `users` for them: half a unit for each person."""
        return self.people_requests * PEOPLE_PER_REQUEST / 2

    @property
    def subscription_writes(self) -> float:
        """Subscriptions written and deleted."""
        return 2 * self.connects * CHANNELS_PER_PERSON

    def dollars(self) -> dict[str, float]:
        """The cost of a month, by kind."""
        seconds = HOURS_PER_MONTH * 3600
        per_message = {kind: self.messages * seconds * price / 1e6 for kind, price in DOLLARS_PER_MESSAGE.items()}
        return {
            **per_message,
            "minutes of open connections": self.people * HOURS_PER_MONTH * 60 * 0.25 / 1e6,
            "pings and their answers": 2 * self.pings * seconds / 1e6,
            "replaced sockets": self.connects * seconds * sum(DOLLARS_PER_CONNECTION.values()) / 1e6,
        }
