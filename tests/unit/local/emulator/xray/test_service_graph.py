"""The service graph is computed from segments as X-Ray does it."""

from typing import Any

from local.emulator.xray import service_graph

TRACE = "1-7fffffff-000000000000000000000001"
FUNCTION = "AWS::Lambda::Function"
MACHINE = "AWS::StepFunctions::StateMachine"


def segment(
    name: str, segment_id: str, start: float, end: float, parent: str | None = None, **more: Any
) -> dict[str, Any]:
    """A segment of a service."""
    own = {"trace_id": TRACE, "id": segment_id, "name": name, "start_time": start, "end_time": end}
    return own | ({"parent_id": parent} if parent else {}) | {"origin": FUNCTION} | more


def part(name: str, part_id: str, start: float, end: float, parent: str, **more: Any) -> dict[str, Any]:
    """A subsegment that was sent alone."""
    return segment(name, part_id, start, end, parent, type="subsegment", **more)


def message(start: float = 0.0, *, fault: bool = False) -> list[dict[str, Any]]:
    """A trace of a message: the route's function calls a table and publishes; the workflow calls a function."""
    table = {"namespace": "aws", "aws": {"operation": "UpdateItem", "table_name": "Members"}}
    return [
        segment("send", "a", start, start + 0.03),
        part("handler", "a1", start + 0.001, start + 0.029, "a"),
        part("dynamodb", "a2", start + 0.002, start + 0.012, "a1", **table),
        part("publish", "a3", start + 0.013, start + 0.02, "a1"),
        segment("deliver", "b", start + 0.02, start + 0.1, "a3", origin=MACHINE),
        segment("post", "c", start + 0.04, start + 0.09, "b", fault=fault),
    ]


def edges(services: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """The edges by the names of both services."""
    by_id = {service["ReferenceId"]: service["Name"] for service in services}
    return {
        ("client" if service["Type"] == "client" else service["Name"], by_id[edge["ReferenceId"]]): edge
        for service in services
        for edge in service["Edges"]
    }


def test_services_are_connected_by_their_parents_and_calls() -> None:
    """A subsegment that names a table is a call to it. A root is called by a client."""
    services = service_graph.services([message(), message(10.0)])
    kinds = {(service["Name"], service["Type"]) for service in services}
    assert kinds == {
        ("send", "client"),
        ("send", FUNCTION),
        ("deliver", MACHINE),
        ("post", FUNCTION),
        ("Members", "AWS::DynamoDB::Table"),
    }
    assert set(edges(services)) == {
        ("client", "send"),
        ("send", "Members"),
        ("send", "deliver"),
        ("deliver", "post"),
    }
    assert [service["Name"] for service in services if service["Root"]] == ["send"]


def test_response_times_and_results_are_counted() -> None:
    """Of each service, and of calls that the caller waited for: no function waits for the workflow."""
    services = service_graph.services([message(), message(10.0, fault=True)])
    (post,) = [service for service in services if service["Name"] == "post"]
    statistics = post["SummaryStatistics"]
    assert (statistics["TotalCount"], statistics["OkCount"], statistics["FaultStatistics"]["TotalCount"]) == (
        2,
        1,
        1,
    )
    assert post["ResponseTimeHistogram"] == [{"Value": 0.05, "Count": 2}]
    assert post["EndTime"] == 10.09
    found = edges(services)
    assert found["deliver", "post"]["ResponseTimeHistogram"] == [{"Value": 0.05, "Count": 2}]
    assert found["send", "deliver"]["ResponseTimeHistogram"] == []
    assert found["send", "deliver"]["SummaryStatistics"]["TotalCount"] == 2


def test_a_call_that_another_segment_continues_is_not_a_service_twice() -> None:
    """The call to a function has the function's segment, a call without one has a service by its name."""
    invoke = {"namespace": "aws", "aws": {"operation": "Invoke", "function_name": "post"}}
    publish = {"namespace": "aws", "aws": {"operation": "PutEvents"}}
    trace = [
        segment("send", "a", 0.0, 1.0),
        part("lambda", "a1", 0.1, 0.9, "a", **invoke),
        segment("post", "b", 0.2, 0.8, "a1"),
        part("events", "a2", 0.1, 0.2, "a", **publish),
    ]
    services = service_graph.services([trace])
    assert sorted((service["Name"], service["Type"]) for service in services) == [
        ("events", "AWS::events"),
        ("post", FUNCTION),
        ("send", FUNCTION),
        ("send", "client"),
    ]


def test_what_runs_or_has_lost_its_segment_is_left_out() -> None:
    """A segment that runs is not counted yet; a call whose segment is missing has no caller."""
    running = segment("send", "a", 0.0, 1.0)
    del running["end_time"]
    table = {"namespace": "aws", "aws": {"table_name": "Members"}}
    assert service_graph.services([[running], [part("dynamodb", "x", 0.0, 0.1, "lost", **table)]]) == []


def test_a_finished_segment_replaces_the_one_that_was_sent_at_its_start() -> None:
    """The SDK sends a subsegment alone, and sometimes within its parent too."""
    table = {"namespace": "aws", "aws": {"table_name": "Members"}}
    inner = {"id": "a2", "name": "dynamodb", "start_time": 0.1, "end_time": 0.2, **table}
    trace = [
        segment("send", "a", 0.0, 1.0, subsegments=[inner]),
        part("dynamodb", "a2", 0.1, 0.2, "a", **table),
    ]
    (members,) = [service for service in service_graph.services([trace]) if service["Name"] == "Members"]
    assert members["SummaryStatistics"]["TotalCount"] == 1
