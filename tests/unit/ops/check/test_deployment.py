"""The checks of a stage's stacks and pages."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from ops.check import deployment, guarded
from ops.check.guarded import Check
from ops.models import HealthCheck
from ops.stage.stage import STACKS, Stage
from tests.unit.ops.check.stubbed_account import StubbedAccount
from tests.unit.ops.stages import deployed_stage, stubbed

SITE = "https://chat.example.com"
AUTH = {
    "authorizationEndpoint": "https://sign-in.example.com/oauth2/authorize",
    "clientId": "c",
    "scopes": "openid",
}
CONFIG = {"websocketUrl": "wss://socket.example.com/socket", "auth": AUTH}


@pytest.fixture
def account() -> StubbedAccount:
    """An account without answers."""
    return StubbedAccount()


def describe(account: StubbedAccount, states: Mapping[str, str]) -> None:
    """Answer with the states of the stacks of the stage `dev`; the others do not exist."""
    cloudformation = account.stub("cloudformation")
    for name in STACKS:
        if name in states:
            stack = {"StackName": f"Parley-dev-{name}", "CreationTime": 0, "StackStatus": states[name]}
            cloudformation.add_response(
                "describe_stacks", {"Stacks": [stack]}, {"StackName": f"Parley-dev-{name}"}
            )
        else:
            cloudformation.add_client_error("describe_stacks", "ValidationError", "does not exist")


def test_a_stage_that_is_not_deployed_is_fine(account: StubbedAccount):
    """Before the first deployment; the result has the command."""
    describe(account, {})
    check, is_deployed = deployment.stacks(account, "dev", "make deploy STAGE=dev")
    assert (check.status, is_deployed) == ("ok", False)
    assert "make deploy STAGE=dev" in check.fix


def test_all_stacks_are_deployed(account: StubbedAccount):
    """After it."""
    describe(account, dict.fromkeys(STACKS, "CREATE_COMPLETE"))
    check, is_deployed = deployment.stacks(account, "dev", "make deploy STAGE=dev")
    assert (check.status, is_deployed) == ("ok", True)


def test_missing_stacks_are_named(account: StubbedAccount):
    """A deployment that was stopped half-way."""
    describe(account, {"Auth": "CREATE_COMPLETE", "Data": "CREATE_COMPLETE"})
    check, is_deployed = deployment.stacks(account, "dev", "make deploy STAGE=dev")
    assert (check.status, is_deployed) == ("failed", False)
    assert "Delivery is missing" in check.detail


@pytest.mark.parametrize(
    ("state", "status", "fix"),
    [
        ("UPDATE_IN_PROGRESS", "warning", "Wait"),
        ("UPDATE_ROLLBACK_COMPLETE", "warning", "version before"),
        ("ROLLBACK_COMPLETE", "failed", "delete it"),
        ("UPDATE_ROLLBACK_FAILED", "failed", "Read the events"),
    ],
)
def test_unusual_states_say_what_to_do(account: StubbedAccount, state: str, status: str, fix: str):
    """CloudFormation's states, of one stack."""
    describe(account, dict.fromkeys(STACKS, "CREATE_COMPLETE") | {"Events": state})
    check, is_deployed = deployment.stacks(account, "dev", "make deploy STAGE=dev")
    assert (check.status, is_deployed) == (status, True)
    assert f"Events is {state}" in check.detail
    assert fix in check.fix


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that sets the answers of the stage's pages, by path."""

    def set_answers(**changed: httpx.Response) -> None:
        answers = {
            "/": httpx.Response(200, html="<html></html>"),
            "/config.json": httpx.Response(200, json=CONFIG),
            "/api/me": httpx.Response(401),
            "/oauth2/authorize": httpx.Response(200, html="<html></html>"),
            **changed,
        }
        transport = httpx.MockTransport(lambda request: answers[request.url.path])

        def get(url: str, **options: Any) -> httpx.Response:
            with httpx.Client(transport=transport) as client:
                return client.get(url, params=options.get("params"), follow_redirects=True)

        monkeypatch.setattr(httpx, "get", get)

    return set_answers


def pages(stage: Stage) -> dict[str, HealthCheck]:
    """The checks of the pages, by name."""
    with stubbed(stage, "cognito-idp") as cognito:
        cognito.add_response("describe_user_pool", {"UserPool": {}})
        return {check.name: check for check in deployment.checks(stage)}


def test_a_stage_whose_pages_answer_is_ok(serve: Callable[..., None]):
    """The site, its configuration, the API and the sign-in pages."""
    serve()
    found = pages(deployed_stage())
    assert {name for name, check in found.items() if check.status == "ok"} == {
        "site", "config.json", "REST API", "sign-in pages",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "path", "answer"),
    [
        ("site", "/", httpx.Response(403, html="")),
        (
            "config.json",
            "/config.json",
            httpx.Response(200, json={**CONFIG, "websocketUrl": "wss://old.example.com"}),
        ),
        ("config.json", "/config.json", httpx.Response(200, html="<html></html>")),
        ("REST API", "/api/me", httpx.Response(503)),
        (
            "sign-in pages",
            "/oauth2/authorize",
            httpx.Response(302, headers={"location": f"{SITE}/?error=invalid_request"}),
        ),
    ],
)
def test_a_page_that_answers_otherwise_fails(
    serve: Callable[..., None], name: str, path: str, answer: httpx.Response
):
    """Each by itself: the others are ok."""
    serve(**{path: answer})
    assert pages(deployed_stage())[name].status == "failed"


def test_an_address_that_cannot_be_reached_fails(monkeypatch: pytest.MonkeyPatch):
    """With the address."""

    def refuse(url: str, **_: Any) -> httpx.Response:
        raise httpx.ConnectError("no route to host")

    monkeypatch.setattr(httpx, "get", refuse)
    check = pages(deployed_stage())["site"]
    assert check.status == "failed"
    assert "https://chat.example.com/" in check.detail


@pytest.mark.parametrize(
    ("pool", "ses", "status", "words"),
    [
        ({"LambdaConfig": {"PreSignUp": "arn:aws:lambda:us-east-1:1:function:f"}}, None, "ok", "none is needed"),
        ({"EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"}}, None, "warning", "about 50 a day"),
        (
            {"EmailConfiguration": {"EmailSendingAccount": "DEVELOPER", "From": "a@b.c"}},
            (False, 200.0),
            "failed",
            "sandbox",
        ),
        (
            {"EmailConfiguration": {"EmailSendingAccount": "DEVELOPER", "From": "a@b.c"}},
            (True, 200.0),
            "warning",
            "a@b.c",
        ),
        (
            {"EmailConfiguration": {"EmailSendingAccount": "DEVELOPER", "From": "a@b.c"}},
            (True, 5e4),
            "ok",
            "50000 a day",
        ),
    ],
)
def test_how_sign_up_codes_are_sent(pool: dict[str, Any], ses: tuple[bool, float] | None, status: str, words: str):
    """By Cognito's own mailer, or by SES with its quota."""
    stage = deployed_stage()
    with stubbed(stage, "cognito-idp") as cognito, stubbed(stage, "sesv2") as sesv2:
        cognito.add_response("describe_user_pool", {"UserPool": pool}, {"UserPoolId": "us-east-1_Users"})
        if ses:
            quota = {"Max24HourSend": ses[1]}
            sesv2.add_response("get_account", {"ProductionAccessEnabled": ses[0], "SendQuota": quota})
        [check] = guarded.run([Check("e-mail", (), lambda: deployment._email(stage))])
    assert check.status == status
    assert words in check.detail
