"""What a verified token says of its user."""

import pytest

from functions.contract.session import principal

CLAIMS = {"sub": "u-1", "cognito:username": "alice", "name": "Alice", "exp": "1795003600"}


@pytest.mark.parametrize("expiry", ["1795003600", "Wed Nov 18 12:06:40 UTC 2026"])
def test_the_session_ends_when_the_token_does(expiry: str):
    """The token's seconds, and API Gateway's spelling of them, are the same moment."""
    assert principal(CLAIMS | {"exp": expiry}).session_expires_at_ms == 1_795_003_600_000


@pytest.mark.parametrize("expiry", ["", "tomorrow", "2026-11-18", "-1"])
def test_a_session_without_an_end_is_none(expiry: str):
    """Nothing is guessed: an unknown form must not become a session without end."""
    with pytest.raises(ValueError, match=r"format|invalid|Invalid|month|match"):
        principal(CLAIMS | {"exp": expiry})


@pytest.mark.parametrize("claim", ["sub", "cognito:username", "exp"])
def test_a_token_without_its_claims_is_none(claim: str):
    """A missing subject must not become an empty one."""
    with pytest.raises(KeyError):
        principal({name: value for name, value in CLAIMS.items() if name != claim})


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({}, "Alice"),
        ({"name": ""}, "alice"),
        ({"name": "", "preferred_username": "Al"}, "Al"),
        ({"name": "\u202eecilA"}, "ecilA"),
        ({"name": "\u200b"}, "Somebody"),
        ({"name": "A" * 200}, "A" * 64),
    ],
)
def test_the_display_name_is_the_best_there_is(more: dict[str, str], shown: str):
    """The name, else what they like to be called, else how they sign in; never one that nobody sees."""
    assert principal(CLAIMS | more).display_name == shown


def test_who_somebody_is_comes_from_the_subject():
    """Names change, the subject does not."""
    found = principal(CLAIMS)
    assert (found.user_id, found.username) == ("u-1", "alice")
