"""Every function is made the one way."""

import importlib.util

from functions import settings
from tests.stacks.conftest import ROOT, Resource, Synthesised, named

OURS = "functions.handlers."
SETTINGS: dict[str, type[settings.FunctionSettings]] = {
    "authorize": settings.AuthorizeSettings,
    "connect": settings.ConnectSettings,
    "disconnect": settings.DisconnectSettings,
    "send_message": settings.SendMessageSettings,
    "change_message": settings.ChangeMessageSettings,
    "start_typing": settings.StartTypingSettings,
    "post_to_connections": settings.PostToConnectionsSettings,
    "broadcast_status": settings.BroadcastStatusSettings,
    "api": settings.ApiSettings,
}
WITHOUT_SETTINGS = {"default", "confirm_sign_up"}
# What the handlers of the REST and the WebSocket API share.
NOT_HANDLERS = {"__init__", "http", "websocket"}


def functions_of(stage: Synthesised) -> dict[str, Resource]:
    """Our functions by handler name; the CDK's own are its own affair."""
    found = {
        function["Properties"]["Handler"].split(".")[-2]: function["Properties"]
        for function in stage.resources("AWS::Lambda::Function").values()
        if function["Properties"]["Handler"].startswith(OURS)
    }
    assert found
    return found


def test_every_handler_is_deployed_once_and_exists(dev: Synthesised) -> None:
    """A handler's file and the function that runs it come and go together."""
    files = {path.stem for path in (ROOT / "functions" / "handlers").glob("*.py")} - NOT_HANDLERS
    assert set(functions_of(dev)) == files == SETTINGS.keys() | WITHOUT_SETTINGS
    for function in functions_of(dev).values():
        module, _, name = function["Handler"].rpartition(".")
        assert name == "handler"
        assert importlib.util.find_spec(module)


def test_everybody_confirms_themselves_only_in_a_demo(prod: Synthesised) -> None:
    """Production verifies addresses, so the function that lets everybody in is not there."""
    assert "confirm_sign_up" not in functions_of(prod)


# API Gateway waits 29 s. The workflow waits for posts, whose own retries may take longer than that.
LONGEST_SECONDS = {"post_to_connections": 90}


def test_every_function_runs_on_the_same_footing(stage: Synthesised) -> None:
    """The runtime that cdk-nag calls latest, ARM, traced, with limits said outright."""
    for name, function in functions_of(stage).items():
        assert function["Runtime"] == "python3.14", name
        assert function["Architectures"] == ["arm64"], name
        assert function["TracingConfig"] == {"Mode": "Active"}, name
        assert function["MemorySize"] >= 256, name
        assert function["Timeout"] <= LONGEST_SECONDS.get(name, 30), name
        assert len(function["Layers"]) == 1, name


def test_every_function_logs_to_its_own_group_that_forgets(stage: Synthesised) -> None:
    """Explicit groups: none is left to Lambda, which would keep everything for ever."""
    groups = [named(function["LoggingConfig"]["LogGroup"]) for function in functions_of(stage).values()]
    assert len(set(groups)) == len(groups)
    for group in stage.resources("AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] == (90 if stage.stage == "prod" else 14)


def test_the_environment_is_what_the_handler_reads_back(stage: Synthesised) -> None:
    """One class writes and reads a function's settings; no variable is missing and none is left over."""
    for name, function in functions_of(stage).items():
        variables = function["Environment"]["Variables"]
        ours = {variable for variable in variables if variable.startswith("PARLEY_")} - {"PARLEY_STAGE"}
        fields = SETTINGS[name].model_fields if name in SETTINGS else ()
        assert ours == {f"PARLEY_{field.upper()}" for field in fields}, name


def test_metrics_and_logs_of_a_stage_add_up_under_one_service(stage: Synthesised) -> None:
    """The dashboard asks for one service and namespace."""
    for function in functions_of(stage).values():
        variables = function["Environment"]["Variables"]
        assert variables["POWERTOOLS_SERVICE_NAME"] == f"parley-{stage.stage}"
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "Parley"


def test_only_who_posts_knows_where_to_post(stage: Synthesised) -> None:
    """The endpoint is the API's own host and stage, and only functions that post or close have it."""
    knowing = {
        name: named(endpoint)
        for name, function in functions_of(stage).items()
        if (endpoint := function["Environment"]["Variables"].get("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"))
    }
    assert set(knowing) == {
        "post_to_connections",
        "broadcast_status",
        "send_message",
        "change_message",
        "start_typing",
        "default",
        "api",
    }
    for endpoint in knowing.values():
        assert endpoint.startswith("https://")
        assert endpoint.endswith("/socket")
