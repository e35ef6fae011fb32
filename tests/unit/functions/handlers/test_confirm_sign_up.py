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


def test_every_sign_up_is_confirmed(call: Call, logs: Logs):
    """With the e-mail address; the log contains no name."""
    answer = call(confirm_sign_up.handler, event(email="alice@example.com"))
    assert answer["response"] == {"autoConfirmUser": True, "autoVerifyEmail": True, "autoVerifyPhone": False}
    assert "alice" not in logs.text


def test_a_missing_address_is_not_verified(call: Call):
    """Cognito refuses to verify an address that is not there."""
    answer = call(confirm_sign_up.handler, event())
    assert answer["response"] == {"autoConfirmUser": True, "autoVerifyEmail": False, "autoVerifyPhone": False}
