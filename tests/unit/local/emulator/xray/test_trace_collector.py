"""X-Ray's segments are stored, summarised and filtered."""

import json
import socket

import pytest

from local.emulator.xray.trace_collector import (
    FilterExpressionError,
    TraceCollector,
    TraceStore,
    meets,
    parse_filter,
    summary,
)
from tests.waiting import wait_until


def test_a_filter_expression_is_annotations_joined_by_and():
    """Any other expression is rejected, with its text."""
    assert parse_filter('annotation.messageId = "a b" AND annotation[n] = 3') == [("messageId", "a b"), ("n", "3")]
    assert parse_filter('service("deliver")') == [("service()", "deliver")]
    for expression in ("", 'edge("x", "y")', 'annotation.a = "1" OR annotation.b = "2"', "duration > 5"):
        with pytest.raises(FilterExpressionError, match="Unsupported filter"):
            parse_filter(expression)


def test_the_trace_store_keeps_the_newest():
    """The least recently changed trace is dropped; an ended segment replaces the one sent at its start."""
    store = TraceStore(kept_traces=2)
    for number in (1, 2, 3):
        trace_id = f"1-7fffffff-{number:024x}"
        store.add({"trace_id": trace_id, "id": "a", "start_time": 1.0, "in_progress": True})
        store.add(
            {"trace_id": trace_id, "id": "a", "start_time": 1.0, "end_time": 3.5, "annotations": {"n": number}}
        )
    assert store.trace_ids() == [f"1-7fffffff-{number:024x}" for number in (3, 2)]
    segments = store.segments(store.trace_ids()[0])
    assert len(segments) == 1
    described = summary("id", segments)
    assert described["Duration"] == 2.5
    assert described["Annotations"] == {"n": [{"AnnotationValue": {"NumberValue": 3}}]}
    assert not described["IsPartial"]


@pytest.mark.parametrize(
    "segment",
    [
        {"trace_id": "1-10000000-000000000000000000000001", "id": "a", "start_time": 1.0},
        {"trace_id": "bad", "id": "a", "start_time": 1.0},
        {"trace_id": "1-7fffffff-000000000000000000000001", "id": "a", "start_time": []},
    ],
    ids=["old", "an invalid id", "an invalid start"],
)
def test_a_segment_that_cannot_be_kept_does_not_end_the_collector(segment: dict[str, object]):
    """It is dropped, also if it is the first one. Later segments are collected."""
    collector = TraceCollector(TraceStore(kept_traces=2), 0)
    kept = {"trace_id": "1-7fffffff-000000000000000000000002", "id": "a", "start_time": 1.0}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for sent in (segment, kept):
            sender.sendto(b'{"format": "json"}\n' + json.dumps(sent).encode(), ("127.0.0.1", collector.port))
        wait_until(lambda: collector.store.trace_ids() == [kept["trace_id"]], "the later segment")


def test_a_trace_meets_all_conditions_of_a_filter():
    """Services are those of segments, and those that calls name."""
    segment = {
        "trace_id": "1-7fffffff-000000000000000000000001",
        "id": "a",
        "name": "send",
        "start_time": 1.0,
        "end_time": 2.0,
        "annotations": {"messageId": "m1"},
        "subsegments": [
            {
                "id": "b",
                "name": "dynamodb",
                "namespace": "aws",
                "start_time": 1.0,
                "end_time": 2.0,
                "aws": {"table_name": "Members"},
            }
        ],
    }
    for expression, expected in (
        ('annotation.messageId = "m1"', True),
        ('service("send") AND service("Members")', True),
        ('service("send") AND annotation.messageId = "m2"', False),
        ('service("client")', False),
    ):
        assert meets([segment], parse_filter(expression)) is expected
