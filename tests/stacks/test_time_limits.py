"""The timeouts of the functions, their calls and their callers fit each other."""

import pytest

from bench import scale_demand
from functions.aws import clients
from functions.aws.connection_posts import MAX_POST_RETRIES
from functions.aws.deadline import ANSWER_SECONDS, CONNECT_SECONDS, READ_SECONDS, longest_pause
from tests.stacks.conftest import Synthesised

# API Gateway stops waiting for an integration after this. The browser waits for a REST answer for 15 s.
API_GATEWAY_SECONDS = 29
BROWSER_SECONDS = 15
RETRIES = {"events and tables": clients.MAX_RETRIES, "posts": MAX_POST_RETRIES}


def timeouts(stage: Synthesised) -> dict[str, int]:
    """The timeout of each of our functions, by its handler."""
    return {
        properties["Handler"].split(".")[2]: properties["Timeout"]
        for resource in stage.resources("AWS::Lambda::Function").values()
        if (properties := resource["Properties"]).get("Handler", "").startswith("functions.handlers.")
    }


@pytest.mark.parametrize("retries", RETRIES.values(), ids=RETRIES)
def test_a_call_has_time_for_an_attempt_and_a_repetition(stage: Synthesised, retries: int):
    """The deadline refuses attempts that may not end in time; it must leave room for one that is lost."""
    first = CONNECT_SECONDS + READ_SECONDS + longest_pause(1, retries)
    second = CONNECT_SECONDS + READ_SECONDS + longest_pause(2, retries)
    for handler, timeout in timeouts(stage).items():
        assert first + second + ANSWER_SECONDS <= timeout, handler


def test_functions_end_before_their_callers_stop_waiting(stage: Synthesised):
    """Otherwise clients get API Gateway's error, or none."""
    found = timeouts(stage)
    assert found["api"] < BROWSER_SECONDS
    waited_for = set(found) - {"post_to_connections", "broadcast_status"}
    assert all(found[handler] < API_GATEWAY_SECONDS for handler in waited_for)


def test_a_batch_of_status_updates_fits_into_its_function(stage: Synthesised):
    """With half of the timeout left; 500 changes of presence would not fit at all (docs/scale.md)."""
    timeout = timeouts(stage)["broadcast_status"]
    (source,) = stage.resources("AWS::Lambda::EventSourceMapping").values()
    assert scale_demand.status_batch_seconds(source["Properties"]["BatchSize"]) < timeout / 2
    assert scale_demand.status_batch_seconds(500) > timeout
