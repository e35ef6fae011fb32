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
    """The log contains no name."""
    answer = call(confirm_sign_up.handler, event(email="alice@example.com"))
    assert answer["response"]["autoConfirmUser"] is True
    assert "alice" not in logs.text


def test_an_address_that_the_user_has_not_proven_is_not_verified(call: Call):
    """A verified address would become the new user's alias, even if it is the alias of another user."""
    answer = call(confirm_sign_up.handler, event(email="alice@example.com"))
    assert answer["response"]["autoVerifyEmail"] is False
    assert answer["response"]["autoVerifyPhone"] is False
