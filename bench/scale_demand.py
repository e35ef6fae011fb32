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
        """What counts against the account's requests: frames, posts, pings, and tickets for new sockets."""
        return self.messages + self.posts + self.pings + 2 * self.connects

    @property
    def functions(self) -> float:
        """Functions that run at once: 20 ms to send a message, 30 ms to post it, 50 ms for each connect."""
        return self.messages * (0.02 + 0.03) + self.connects * 3 * 0.05

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
            "replaced sockets": self.connects * seconds * (3.5 + 1.25 * CHANNELS_PER_PERSON + 4) / 1e6,
        }
