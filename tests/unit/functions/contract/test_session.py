"""The principal in a verified ID token."""

import pytest

from functions.contract.session import principal

CLAIMS = {"sub": "u-1", "cognito:username": "alice", "name": "Alice", "exp": "1795003600"}


@pytest.mark.parametrize("expiry", ["1795003600", "Wed Nov 18 12:06:40 UTC 2026"])
def test_the_session_ends_when_the_token_does(expiry: str):
    """The token's seconds and API Gateway's format of them give the same time."""
    assert principal(CLAIMS | {"exp": expiry}).session_expires_at_ms == 1_795_003_600_000


@pytest.mark.parametrize("expiry", ["", "tomorrow", "2026-11-18", "-1"])
def test_an_invalid_expiry_raises(expiry: str):
    """An unknown format must not become a session without end."""
    with pytest.raises(ValueError, match=r"format|invalid|Invalid|month|match"):
        principal(CLAIMS | {"exp": expiry})


@pytest.mark.parametrize("claim", ["sub", "cognito:username", "exp"])
def test_a_missing_claim_raises(claim: str):
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
def test_the_display_name_is_the_first_visible_name(more: dict[str, str], shown: str):
    """The name, the preferred username, or the username."""
    assert principal(CLAIMS | more).display_name == shown


def test_the_user_id_is_the_subject():
    """Names may change, the subject does not."""
    found = principal(CLAIMS)
    assert (found.user_id, found.username) == ("u-1", "alice")
