"""The time of the sign-in in the tokens of the local stage."""

from local.emulator.cognito.sign_in_time import SignInTimes


def _claims(use: str, issued: int, **more: object) -> dict[str, object]:
    return {"token_use": use, "origin_jti": "session", "iat": issued, **more}


def test_a_renewed_token_has_the_sign_in_time_of_its_session():
    """Clients reject a renewed token with another `auth_time`."""
    times = SignInTimes()
    signed_in = times.with_session_start(_claims("id", 100, auth_time=100))
    renewed = times.with_session_start(_claims("id", 4000, auth_time=4000))
    assert (signed_in["auth_time"], renewed["auth_time"], renewed["iat"]) == (100, 100, 4000)


def test_the_sign_in_time_survives_a_restart_in_the_refresh_token():
    """After a restart, the time is read from the refresh token that the client sends."""
    refresh = SignInTimes().with_session_start(_claims("refresh", 100))
    restarted = SignInTimes()
    restarted.session_start(refresh)
    assert restarted.with_session_start(_claims("access", 4000, auth_time=4000))["auth_time"] == 100


def test_a_token_without_a_session_is_unchanged():
    """Claims without `origin_jti` are signed as they are."""
    claims = {"token_use": "id", "iat": 100, "auth_time": 100}
    assert SignInTimes().with_session_start(claims) == claims
