"""The pre-sign-up trigger of demo stages."""

from functions.handlers import confirm_sign_up
from tests.unit.functions.handlers.conftest import Call, Logs


def event(**attributes: str):
    return {
        "version": "1",
        "triggerSource": "PreSignUp_SignUp",
        "userName": "alice",
        "request": {"userAttributes": attributes},
        "response": {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
    }


def test_whoever_signs_up_may_come_in(call: Call, logs: Logs):
    """Confirmed, and the e-mail with them; the log names nobody."""
    answer = call(confirm_sign_up.handler, event(email="alice@example.com"))
    assert answer["response"] == {"autoConfirmUser": True, "autoVerifyEmail": True, "autoVerifyPhone": False}
    assert "alice" not in logs.text


def test_an_address_that_was_not_given_is_not_verified(call: Call):
    """Cognito refuses to verify one that is not there."""
    answer = call(confirm_sign_up.handler, event())
    assert answer["response"] == {"autoConfirmUser": True, "autoVerifyEmail": False, "autoVerifyPhone": False}
