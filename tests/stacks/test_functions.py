"""What all functions have in common."""

import importlib.util

from functions import settings
from functions.aws.tracing import EXTRA_SAMPLE_VARIABLE
from tests.stacks.conftest import ROOT, Resource, Synthesised, named

OURS = "functions.handlers."
SETTINGS: dict[str, type[settings.FunctionSettings]] = {
    "authorize": settings.AuthorizeSettings,
    "connect": settings.ConnectSettings,
    "disconnect": settings.DisconnectSettings,
    "send_message": settings.SendMessageSettings,
    "change_message": settings.ChangeMessageSettings,
    "start_typing": settings.StartTypingSettings,
    "default": settings.SocketRouteSettings,
    "post_to_connections": settings.PostToConnectionsSettings,
    "broadcast_status": settings.BroadcastStatusSettings,
    "api": settings.ApiSettings,
    "notify_alarm": settings.NotifyAlarmSettings,
}
WITHOUT_SETTINGS = {"confirm_sign_up"}
# What the handlers of the REST and the WebSocket API share.
NOT_HANDLERS = {"__init__", "http", "websocket"}


def functions_of(stage: Synthesised) -> dict[str, Resource]:
    """Our functions by handler name, without those of the CDK."""
    found = {
        function["Properties"]["Handler"].split(".")[-2]: function["Properties"]
        for function in stage.resources("AWS::Lambda::Function").values()
        if function["Properties"]["Handler"].startswith(OURS)
    }
    assert found
    return found


def test_every_handler_is_deployed_once(full: Synthesised) -> None:
    """And every deployed handler exists."""
    files = {path.stem for path in (ROOT / "functions" / "handlers").glob("*.py")} - NOT_HANDLERS
    assert set(functions_of(full)) == files == SETTINGS.keys() | WITHOUT_SETTINGS
    for function in functions_of(full).values():
        module, _, name = function["Handler"].rpartition(".")
        assert name == "handler"
        assert importlib.util.find_spec(module)


def test_sign_ups_are_confirmed_automatically_only_in_a_demo(stage: Synthesised, full: Synthesised) -> None:
    """A stage verifies addresses unless its settings say that it is a demo, so it does not have the function."""
    assert "confirm_sign_up" not in functions_of(stage)
    assert "confirm_sign_up" in functions_of(full)


# API Gateway waits at most 29 s. The workflow waits longer, because posts are retried.
MAX_SECONDS = {"post_to_connections": 55}


def test_every_function_has_the_same_configuration(stage: Synthesised) -> None:
    """The latest runtime by cdk-nag, ARM, tracing, and explicit limits."""
    for name, function in functions_of(stage).items():
        assert function["Runtime"] == "python3.14", name
        assert function["Architectures"] == ["arm64"], name
        assert function["TracingConfig"] == {"Mode": "Active"}, name
        assert function["MemorySize"] >= 256, name
        assert function["Timeout"] <= MAX_SECONDS.get(name, 30), name
        assert len(function["Layers"]) == 1, name


def test_every_function_has_a_log_group_with_a_retention(stage: Synthesised) -> None:
    """Explicit groups: those that Lambda creates keep logs for ever."""
    groups = [named(function["LoggingConfig"]["LogGroup"]) for function in functions_of(stage).values()]
    assert len(set(groups)) == len(groups)
    for group in stage.resources("AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] == (90 if stage.stage == "prod" else 14)


def test_the_functions_of_the_cdk_have_such_log_groups_too(stage: Synthesised) -> None:
    """Those that deploy the site's files and empty its bucket."""
    ours = functions_of(stage).values()
    theirs = [
        function["Properties"]
        for function in stage.resources("AWS::Lambda::Function", "Frontend").values()
        if function["Properties"] not in ours
    ]
    assert len(theirs) == 2
    for function in theirs:
        group = named(function["LoggingConfig"]["LogGroup"]).strip("<>")
        assert stage.templates["Frontend"]["Resources"][group]["Type"] == "AWS::Logs::LogGroup"


def test_the_environment_is_what_the_handler_reads(stage: Synthesised) -> None:
    """No variable is missing, and none is unused."""
    for name, function in functions_of(stage).items():
        variables = function["Environment"]["Variables"]
        ours = {variable for variable in variables if variable.startswith("PARLEY_")} - {"PARLEY_STAGE"}
        fields = SETTINGS[name].model_fields if name in SETTINGS else ()
        assert ours == {f"PARLEY_{field.upper()}" for field in fields}, name


def test_a_stage_can_have_more_traces_sampled(full: Synthesised) -> None:
    """The name of the variable is the one that functions/aws/tracing.py reads."""
    for function in functions_of(full).values():
        assert function["Environment"]["Variables"][EXTRA_SAMPLE_VARIABLE] == "50"


def test_all_functions_of_a_stage_have_the_same_service_name(stage: Synthesised) -> None:
    """The dashboard reads metrics of one service and namespace."""
    for function in functions_of(stage).values():
        variables = function["Environment"]["Variables"]
        assert variables["POWERTOOLS_SERVICE_NAME"] == f"parley-{stage.stage}"
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "Parley"


def test_only_functions_that_post_or_close_have_the_endpoint(stage: Synthesised) -> None:
    """It is the API's own host and stage."""
    endpoints = {
        name: named(endpoint)
        for name, function in functions_of(stage).items()
        if (endpoint := function["Environment"]["Variables"].get("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"))
    }
    assert set(endpoints) == {
        "post_to_connections",
        "broadcast_status",
        "send_message",
        "change_message",
        "start_typing",
        "default",
        "api",
    }
    for endpoint in endpoints.values():
        assert endpoint.startswith("https://")
        assert endpoint.endswith("/socket")
