"""`parley users`: what the user pool does not accept, and passwords that are asked for."""

import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import command_line
from ops.errors import ExitCode
from ops.stage import lookup, operations, publishing
from ops.stage.lookup import KnownUser
from ops.stage.stage import Stage
from tests.unit.ops.stages import deployed_stage, stubbed

PASSWORD = "Parley-dora-1"


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage with the user dora."""
    stage = deployed_stage()
    monkeypatch.setattr(Stage, "find", lambda *_, **__: stage)
    monkeypatch.setattr(lookup, "user", lambda *_: KnownUser("u-1", "dora"))
    monkeypatch.setattr(operations, "operator", lambda _: "arn:aws:iam::111122223333:user/tests")
    monkeypatch.setattr(publishing, "publish", lambda *_, **__: None)
    monkeypatch.setenv("PARLEY_PASSWORD", PASSWORD)
    return stage


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run `parley users` in this process; its exit code."""
    monkeypatch.setattr(sys, "argv", ["parley", "users", *words])
    with pytest.raises(SystemExit) as end:
        command_line.main()
    return int(end.value.code or 0)


@pytest.mark.usefixtures("stage")
def test_an_empty_username_is_invalid(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Exit code 2, and not "AWS could not be reached"."""
    assert run(monkeypatch, "add", "") == ExitCode.USAGE
    printed = capsys.readouterr().err.splitlines()[-1]
    assert printed.startswith("The user pool rejected the user: Invalid length for parameter Username")


@pytest.mark.parametrize(
    ("words", "call", "action"),
    [
        (("add", "dora"), "admin_create_user", "AdminCreateUser"),
        (("password", "dora"), "admin_set_user_password", "AdminSetUserPassword"),
    ],
)
def test_a_missing_right_is_not_a_rejected_value(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, str],
    call: str,
    action: str,
):
    """Exit code 1, with the IAM action."""
    message = f"User: tests is not authorized to perform: cognito-idp:{action} on resource: pool"
    with stubbed(stage, "cognito-idp") as cognito:
        cognito.add_client_error(call, "AccessDeniedException", message)
        assert run(monkeypatch, *words) == ExitCode.FAILED
    assert f"Your AWS role may not call cognito-idp:{action} on pool" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("add", "dora"), ("password", "dora")])
def test_a_password_is_asked_for_until_there_is_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, str]
):
    """Enter alone is no password. The question is on stderr, because a script reads stdout."""
    monkeypatch.delenv("PARLEY_PASSWORD")
    typed = iter(["", PASSWORD, PASSWORD])
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    given: list[Any] = []

    def refuse(*_: Any, **options: Any) -> None:
        given.append(options.get("TemporaryPassword") or options["Password"])
        raise ClientError({"Error": {"Code": "InvalidPasswordException", "Message": "too weak"}}, "call")

    for call in ("admin_create_user", "admin_set_user_password"):
        monkeypatch.setattr(stage.client("cognito-idp"), call, refuse)
    assert run(monkeypatch, *words) == ExitCode.USAGE
    assert given == [PASSWORD]
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Password:")


def test_a_question_does_not_disturb_the_json(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """It is on stderr."""
    monkeypatch.setattr("builtins.input", lambda _: "n")
    assert run(monkeypatch, "delete", "dora", "--json") == ExitCode.FAILED
    printed = capsys.readouterr()
    assert printed.out.strip() == ""
    assert "Delete dora?" in printed.err
