"""The alarms' topic: what is posted to the webhook, and what a failure reveals."""

import json
import traceback
import urllib.request
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from functions.aws import webhook
from functions.handlers import notify_alarm
from functions.settings import NotifyAlarmSettings
from tests.unit.functions.handlers.conftest import Call, Logs

URLOPEN = urllib.request.urlopen
ADDRESS = "https://hooks.example.com/T0/secret"
ALARM = {
    "AlarmName": "Parley-prod-Observability-RestErrorsAlarm1A2B3C4D",
    "AlarmDescription": "Parley (prod): more than 1 % of the REST requests were answered 5xx.",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: 1 datapoint [12.0] was greater than the threshold (1.0).",
    "StateChangeTime": "2026-11-28T12:00:00.000+0000",
    "Region": "EU (Ireland)",
}


class Chat:
    """A chat's webhook, and the parameter with its address."""

    def __init__(self) -> None:
        self.address = ADDRESS
        self.texts: list[str] = []
        self.failure: OSError | None = None

    def get_parameter(self, **arguments: Any) -> dict[str, Any]:
        assert arguments == {"Name": "/parley/prod/alarm-webhook", "WithDecryption": True}
        return {"Parameter": {"Value": self.address}}

    def urlopen(self, request: urllib.request.Request, timeout: float) -> AbstractContextManager[None]:
        assert request.full_url == ADDRESS
        assert timeout <= 2
        assert isinstance(request.data, bytes)
        if self.failure:
            raise self.failure
        self.texts.append(json.loads(request.data)["text"])
        return nullcontext()


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Chat:
    found = Chat()
    monkeypatch.setattr(webhook, "parameters", lambda: found)
    monkeypatch.setattr(urllib.request, "urlopen", found.urlopen)
    monkeypatch.setattr(
        NotifyAlarmSettings,
        "from_env",
        lambda: NotifyAlarmSettings(webhook_parameter="/parley/prod/alarm-webhook"),
    )
    return found


def records(*messages: str, subject: str | None = "subject") -> dict[str, Any]:
    return {"Records": [{"Sns": {"Message": text, "MessageId": "m-1", "Subject": subject}} for text in messages]}


def test_an_alarm_is_posted_with_what_is_wrong_and_why(call: Call, chat: Chat) -> None:
    """In lines; the description comes first, since a phone shows no more."""
    call(notify_alarm.handler, records(json.dumps(ALARM), json.dumps(ALARM | {"NewStateValue": "OK"})))
    raised, ended = chat.texts
    assert raised.splitlines() == [
        "🔴 ALARM: Parley (prod): more than 1 % of the REST requests were answered 5xx.",
        "Parley-prod-Observability-RestErrorsAlarm1A2B3C4D, 2026-11-28T12:00:00.000+0000, EU (Ireland)",
        "Threshold Crossed: 1 datapoint [12.0] was greater than the threshold (1.0).",
    ]
    assert ended.startswith("🟢 OK: ")


def test_the_text_of_a_budget_is_posted_as_it_is(call: Call, chat: Chat) -> None:
    """AWS Budgets sends text; a text that happens to be a number is text too."""
    call(notify_alarm.handler, records("You are at 80 % of $20.", "17", subject="AWS Budgets"))
    assert chat.texts == ["AWS Budgets\nYou are at 80 % of $20.", "AWS Budgets\n17"]


def test_a_long_reason_is_cut(call: Call, chat: Chat) -> None:
    """Chats refuse or cut long messages."""
    call(notify_alarm.handler, records(json.dumps(ALARM | {"NewStateReason": "x" * 9000})))
    assert len(chat.texts[0]) == 1500


def test_a_failure_is_raised_without_the_address(call: Call, chat: Chat, logs: Logs) -> None:
    """So that Lambda calls again. The address is a secret, and exceptions are logged."""
    chat.failure = OSError(f"cannot reach {ADDRESS}")
    with pytest.raises(
        webhook.WebhookError, match=r"webhook in /parley/prod/alarm-webhook failed: OSError"
    ) as error:
        call(notify_alarm.handler, records(json.dumps(ALARM)))
    assert error.value.__suppress_context__
    assert "secret" not in str(error.value) + logs.text


@pytest.mark.parametrize(
    "address",
    [f"{ADDRESS} part", f"{ADDRESS}é", "https://hooks.example.com:secret/T0"],
    ids=["space", "letter", "port"],
)
def test_an_unusable_address_is_not_revealed(
    call: Call, chat: Chat, logs: Logs, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Python refuses it before it connects, with an exception that quotes it and is no OSError."""
    chat.address = address
    monkeypatch.setattr(urllib.request, "urlopen", URLOPEN)
    with pytest.raises(webhook.WebhookError, match="webhook in /parley/prod/alarm-webhook failed") as error:
        call(notify_alarm.handler, records(json.dumps(ALARM)))
    assert "secret" not in "".join(traceback.format_exception(error.value)) + logs.text


def test_an_address_without_https_is_refused(call: Call, chat: Chat) -> None:
    """An alarm names resources of the account."""
    chat.address = "http://hooks.example.com/T0/secret"
    with pytest.raises(webhook.WebhookError, match="does not contain an address with https"):
        call(notify_alarm.handler, records(json.dumps(ALARM)))
    assert chat.texts == []
