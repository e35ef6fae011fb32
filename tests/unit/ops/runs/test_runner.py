"""Starting a run and waiting for it: a call that may have started a run is never repeated."""

import json
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber

from ops.events.bus_event import BusEvent
from ops.runs import runner
from ops.stage.stage import MAX_RUN_SECONDS
from tests.unit.ops.stages import deployed_stage

EVENT = BusEvent({"id": "1", "detail-type": "MessageSent", "detail": {}})
ANSWER = {"executionArn": "arn", "startDate": 0, "stopDate": 0, "status": "SUCCEEDED"}


def test_the_client_waits_for_the_longest_run():
    """An Express run may last five minutes; botocore's own limit is one."""
    client = deployed_stage().synchronous_runs
    assert client.meta.config.read_timeout > MAX_RUN_SECONDS


def test_a_call_without_an_answer_is_not_repeated():
    """The run may have started, and a second one would post the message again."""
    stage, calls = deployed_stage(), []

    def no_answer(request: Any, **_: Any) -> None:
        calls.append(request.url)
        raise ReadTimeoutError(endpoint_url=request.url)

    stage.synchronous_runs.meta.events.register("before-send.stepfunctions", no_answer)
    result = runner.run_event(stage, EVENT, "live")
    assert len(calls) == 1
    assert not result.succeeded
    assert result.failure is not None
    assert result.failure.startswith(runner.ANSWER_LOST)


def test_a_server_error_is_not_repeated():
    """A 500 does not show whether a run started either."""
    stage, calls = deployed_stage(), []

    def fail(request: Any, **_: Any) -> AWSResponse:
        calls.append(request.url)
        return AWSResponse(request.url, 500, {}, _Body())  # type: ignore[arg-type]

    stage.synchronous_runs.meta.events.register("before-send.stepfunctions", fail)
    result = runner.run_event(stage, EVENT, "live")
    assert len(calls) == 1
    assert result.failure is not None
    assert not result.failure.startswith(runner.NOT_STARTED)


def test_a_throttled_start_is_tried_again(monkeypatch: pytest.MonkeyPatch):
    """A throttled call has started nothing."""
    monkeypatch.setattr(runner, "FIRST_PAUSE_SECONDS", 0.0)
    stage = deployed_stage()
    with Stubber(stage.synchronous_runs) as states:
        for _ in range(2):
            states.add_client_error("start_sync_execution", "ThrottlingException", http_status_code=400)
        states.add_response("start_sync_execution", {**ANSWER, "output": json.dumps({"outcome": "delivered"})})
        assert runner.run_event(stage, EVENT, "live").outcome == "delivered"
        states.assert_no_pending_responses()


class _Body:
    """The raw body of an empty response."""

    def stream(self, **_: Any) -> list[bytes]:
        """Its chunks."""
        return [b"{}"]
