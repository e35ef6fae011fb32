"""What a number of connected people needs of each service, and what it costs, by arithmetic.

The load is an assumption: each connected person sends one message in five minutes, to a channel with ten open
connections. The prices are list prices of us-east-1 (docs/cost.md).
"""

from dataclasses import dataclass

SECONDS_BETWEEN_MESSAGES = 300
CONNECTIONS_PER_CHANNEL = 10
CHANNELS_PER_PERSON = 10
SECONDS_BETWEEN_PINGS = 240
SECONDS_PER_CONNECTION = 110 * 60
"""The browser replaces a socket after 105 to 115 minutes."""
REQUESTS_PER_CONNECTION = 4
"""A ticket, the user's channels and unread mentions, and the newest messages of the open channel."""
ROWS_PER_CONNECTION = 40
"""What these requests read: memberships, channels, messages."""
PEOPLE_HELD = 1_000
PEOPLE_PER_REQUEST = 100
SECONDS_PER_PERSON_HELD = 0.06
LARGE_DIRECTORY_SECONDS = 600
"""After an interruption, a browser loads the people that it holds again, at a random moment of this time.

The numbers are those of ui/src/core/chat/channels.ts.
"""
HOURS_PER_MONTH = 730

DOLLARS_PER_MESSAGE = {
    "sockets: frame, ack and posts": (2 + CONNECTIONS_PER_CHANNEL) * 1.00,
    "DynamoDB: 6 writes, 2 reads": 6 * 0.625 + 2 * 0.125,
    "workflow: half a second": 1.00 + 5 * 0.10,
    "functions: 1 GB for 20 and 30 ms": 2 * 0.20 + 0.05 * 13.33,
    "bus": 1.00,
    "logs and traces": 2.00,
}
"""Dollars for a million messages, each to ten connections."""

DOLLARS_PER_CONNECTION = {
    "requests, and whether their session has ended": REQUESTS_PER_CONNECTION * (3.50 + 0.25),
    "functions: 1 GB for 50 ms, those of connect and disconnect too": (REQUESTS_PER_CONNECTION + 3)
    * (0.20 + 0.05 * 13.33),
    "DynamoDB: subscriptions, and what is read": 1.25 * CHANNELS_PER_PERSON + 0.125 * ROWS_PER_CONNECTION,
}
"""Dollars for a million sockets that replace others."""


@dataclass(frozen=True)
class Demand:
    """The rates of a stage, per second."""

    people: int

    @property
    def messages(self) -> float:
        """Messages, which are runs, events on the bus and frames from clients."""
        return self.people / SECONDS_BETWEEN_MESSAGES

    @property
    def posts(self) -> float:
        """Posts to connections."""
        return self.messages * CONNECTIONS_PER_CHANNEL

    @property
    def pings(self) -> float:
        """Pings, which API Gateway answers."""
        return self.people / SECONDS_BETWEEN_PINGS

    @property
    def connects(self) -> float:
        """Sockets that replace others. After an interruption, everyone connects within half a minute."""
        return self.people / SECONDS_PER_CONNECTION

    @property
    def requests(self) -> float:
        """What counts against the account's requests: frames, posts, pings, new sockets and their requests."""
        return self.messages + self.posts + self.pings + (1 + REQUESTS_PER_CONNECTION) * self.connects

    @property
    def functions(self) -> float:
        """Functions that run at once: 20 ms to send a message, 30 ms to post it, 50 ms for each of a socket."""
        return self.messages * (0.02 + 0.03) + self.connects * (REQUESTS_PER_CONNECTION + 3) * 0.05

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
