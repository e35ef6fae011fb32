"""The moment of sign-in in the local stage's tokens."""

from local.emulator.cognito.sign_in_time import SignInTimes


def _claims(use: str, issued: int, **more: object) -> dict[str, object]:
    return {"token_use": use, "origin_jti": "session", "iat": issued, **more}


def test_a_renewed_token_tells_of_the_sign_in_that_began_its_session():
    """Clients refuse a renewal that claims another sign-in."""
    times = SignInTimes()
    signed_in = times.stamped(_claims("id", 100, auth_time=100))
    renewed = times.stamped(_claims("id", 4000, auth_time=4000))
    assert (signed_in["auth_time"], renewed["auth_time"], renewed["iat"]) == (100, 100, 4000)


def test_the_refresh_token_carries_it_over_a_restart():
    """Who has forgotten everything learns it from the refresh token that comes back."""
    refresh = SignInTimes().stamped(_claims("refresh", 100))
    restarted = SignInTimes()
    restarted.first(refresh)
    assert restarted.stamped(_claims("access", 4000, auth_time=4000))["auth_time"] == 100


def test_tokens_of_no_session_stay_as_they_are():
    """Only what has a session can have begun with it."""
    claims = {"token_use": "id", "iat": 100, "auth_time": 100}
    assert SignInTimes().stamped(claims) == claims
