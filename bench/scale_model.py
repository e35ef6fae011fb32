"""A simulated stage: how long a message takes to its last recipient, by load, with the quotas of AWS.

The path of a message is that of docs/one-message.md. A quota is a bucket that delays what exceeds it, as retries
do; posts that the retries cannot delay for long enough are lost. Latencies of services are log-normal, from a
published median and 99th percentile. The other model is a queue for the processors of the local stage.
"""

import math
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from bench.pauses import Pauses

PAGE = 500
BATCH = 100
CONCURRENT_POSTS = 40
READ_UNITS_PER_CONNECTION = 0.036
"""A strongly consistent page of subscriptions (docs/scale.md)."""
POST_CPU_MS = 0.35
"""`python -m bench.posts`."""
PROCESSOR_SHARE = 0.58
"""Of a function with 1,024 MiB."""
LONGEST_RETRIES_SECONDS = 15.0
"""After retries of 1, 2, 4 and 8 s at most, a post is given up (functions/aws/connection_posts.py)."""
RUN_DEADLINE_SECONDS = 120.0
"""After it, a run begins no page of recipients: the rest becomes a dead letter (workflows/deliver.asl.json)."""

Steps = Generator[simpy.Event, Any, None]


@dataclass(frozen=True)
class Latency:
    """A log-normal time in milliseconds."""

    p50: float
    p99: float

    def sample(self, rng: random.Random) -> float:
        """A time in seconds."""
        sigma = math.log(self.p99 / self.p50) / 2.326
        return rng.lognormvariate(math.log(self.p50), sigma) / 1000


@dataclass(frozen=True)
class Services:
    """The latencies of the services between a frame and its delivery."""

    source: str
    bus: Latency
    start: Latency
    task: Latency = Latency(6, 25)
    """One call of DynamoDB from a state, and the states around it. An assumption."""
    invoke: Latency = Latency(15, 60)
    """A warm function without its work. An assumption."""
    post: Latency = Latency(12, 60)
    """One post to a connection. An assumption."""


SLOW = Services("bitesizedserverless, 2023", bus=Latency(148, 387), start=Latency(118, 298))
# One team's p90 of 80 ms, with the spread of the other source: p90 / p50 = 1.63 there, and p99 / p90 = 1.61.
FAST = Services("Amazon Key", bus=Latency(49, 128), start=Latency(39, 99))


@dataclass
class Bucket:
    """A quota: `rate` units a second, `burst` of them at once."""

    rate: float
    burst: float
    _empty_at: float = field(default=-math.inf, repr=False)

    def delay(self, now: float, units: float) -> float:
        """Take units, and return how long to wait for them, in seconds."""
        self._empty_at = max(self._empty_at, now - self.burst / self.rate) + units / self.rate
        return max(0.0, self._empty_at - now)

    def delay_within(self, longest: float, now: float, units: float) -> float | None:
        """The same, but take nothing and return None if the wait would be longer than `longest` seconds."""
        before = self._empty_at
        wait = self.delay(now, units)
        if wait <= longest:
            return wait
        self._empty_at = before
        return None


@dataclass(frozen=True)
class Quotas:
    """What an account has. The defaults are AWS's (docs/scale.md)."""

    requests: float = 10_000
    request_burst: float = 5_000
    functions: int = 1_000
    shards: int = 1


@dataclass
class Result:
    """One load: the times to the last recipient in milliseconds, and the messages in progress at the end.

    `lost` is the share of the posts that were given up: dead letters, or connections that were closed as slow.
    """

    rate: float
    p50: float
    p95: float
    backlog: int
    lost: float


class SimulatedStage:
    """One channel with `recipients` open connections, to which messages come at random times."""

    def __init__(self, services: Services, quotas: Quotas, recipients: int, seed: int = 1) -> None:
        self.services, self.quotas, self.recipients = services, quotas, recipients
        self.rng = random.Random(seed)
        self.env = simpy.Environment()
        self.requests = Bucket(quotas.requests, quotas.request_burst)
        self.counter = Bucket(1_000, 1_000)
        self.messages = Bucket(1_000, 1_000)
        self.subscriptions = [Bucket(3_000, 3_000) for _ in range(quotas.shards)]
        self.functions = simpy.Resource(self.env, quotas.functions)
        self.posts = 0
        self.lost_posts = 0

    def message(self, delivered: Callable[[], None]) -> Steps:
        """From the frame to the last post."""
        env, services = self.env, self.services
        yield env.timeout(self.requests.delay(env.now, 1))
        yield from self._function(services.task.sample(self.rng) * 2)
        yield env.timeout(services.bus.sample(self.rng) + services.start.sample(self.rng))
        deadline = env.now + RUN_DEADLINE_SECONDS
        yield env.timeout(services.task.sample(self.rng))
        yield env.timeout(self.counter.delay(env.now, 1) + services.task.sample(self.rng))
        yield env.timeout(self.messages.delay(env.now, 2) + services.task.sample(self.rng))
        for shard in self.subscriptions:
            left = math.ceil(self.recipients / len(self.subscriptions))
            while left > 0:
                page = min(PAGE, left)
                left -= page
                if env.now >= deadline:
                    self.posts += page
                    self.lost_posts += page
                    continue
                wait = shard.delay(env.now, page * READ_UNITS_PER_CONNECTION)
                yield env.timeout(wait + services.task.sample(self.rng))
                batches = [min(BATCH, page - first) for first in range(0, page, BATCH)]
                yield env.all_of([env.process(self._batch(size)) for size in batches])
        delivered()

    def _batch(self, size: int) -> Steps:
        processor = size * POST_CPU_MS / PROCESSOR_SHARE / 1000
        network = math.ceil(size / CONCURRENT_POSTS) * self.services.post.sample(self.rng)
        quota = self.requests.delay_within(LONGEST_RETRIES_SECONDS, self.env.now, size)
        self.posts += size
        if quota is None:
            self.lost_posts += size
            quota = LONGEST_RETRIES_SECONDS
        yield from self._function(max(processor, network, quota))

    def _function(self, work: float) -> Steps:
        with self.functions.request() as slot:
            yield slot
            yield self.env.timeout(self.services.invoke.sample(self.rng) + work)


class SimulatedMachine:
    """The local stage: the same path on the processors of one machine, measured by `bench.load`."""

    def __init__(
        self, *, cores: int, path_ms: float, work_ms: float, pauses: Pauses | None = None, seed: int = 1
    ) -> None:
        self.env = simpy.Environment()
        self.rng = random.Random(seed)
        self.path_ms, self.work_ms = path_ms, work_ms
        self.cores = cores
        self.processors = simpy.PriorityResource(self.env, cores)
        self.posts = self.lost_posts = 0
        if pauses and pauses.lengths:
            self.env.process(self._pause(pauses))

    def message(self, delivered: Callable[[], None]) -> Steps:
        """The steps on the path, and after each of them work that no recipient waits for."""
        slices = 10
        for _ in range(slices):
            self.env.process(self._compute((self.work_ms - self.path_ms) / slices))
            yield from self._compute(self.path_ms / slices)
        delivered()

    def _compute(self, ms: float) -> Steps:
        with self.processors.request(priority=1) as core:
            yield core
            # Half of a step varies.
            yield self.env.timeout(ms * (0.5 + 0.5 * self.rng.expovariate(1)) / 1000)

    def _pause(self, pauses: Pauses) -> Steps:
        """All processors stop at random times, as often as observed, when their current steps have ended."""
        between = pauses.observed_seconds / len(pauses.lengths)
        while True:
            yield self.env.timeout(self.rng.uniform(0.5, 1.5) * between)
            cores = [self.processors.request(priority=0) for _ in range(self.cores)]
            yield self.env.all_of(cores)
            yield self.env.timeout(self.rng.choice(pauses.lengths))
            for core in cores:
                self.processors.release(core)


def under_load(
    stage: SimulatedStage | SimulatedMachine, rate: float, *, seconds: float, evenly: bool = False
) -> Result:
    """Send messages at `rate` for a time, evenly or at random. The backlog is what is not delivered by then."""
    times: list[float] = []
    started = 0

    def send() -> Steps:
        nonlocal started
        while stage.env.now < seconds:
            began = stage.env.now
            started += 1
            stage.env.process(stage.message(lambda began=began: times.append(stage.env.now - began)))  # type: ignore[misc]
            yield stage.env.timeout(1 / rate if evenly else stage.rng.expovariate(rate))

    stage.env.process(send())
    stage.env.run(until=seconds)
    backlog = started - len(times)
    stage.env.run(until=seconds * 4)
    lost = stage.lost_posts / stage.posts if stage.posts else 0.0
    return Result(rate, percentile(times, 0.5), percentile(times, 0.95), backlog, lost)


def one_at_a_time(stage: SimulatedMachine, messages: int, *, poll_seconds: float) -> float:
    """Send each message after the one before is delivered, and return the p50 in milliseconds.

    The sender looks every `poll_seconds` whether it is. Until then, the work that no recipient waits for goes on.
    """
    env = stage.env
    times: list[float] = []

    def send() -> Steps:
        for _ in range(messages):
            began, delivered = env.now, env.event()
            env.process(stage.message(lambda event=delivered: event.succeed()))  # type: ignore[misc]
            yield delivered
            times.append(env.now - began)
            yield env.timeout(-times[-1] % poll_seconds)

    env.run(until=env.process(send()))
    return percentile(times, 0.5)


def burst(stage: SimulatedMachine, messages: int) -> float:
    """Send messages at once. Return how many are delivered in a second."""
    sent = [stage.env.process(stage.message(lambda: None)) for _ in range(messages)]
    stage.env.run(until=stage.env.all_of(sent))
    return messages / stage.env.now


def percentile(times: list[float], share: float) -> float:
    """A percentile of times in seconds, by the nearest rank, in milliseconds."""
    ordered = sorted(times)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] * 1000
