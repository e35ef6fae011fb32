"""The codes of an authenticator app are those of RFC 6238."""

import base64

import pytest

from ops.stage import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_codes_are_those_of_the_standards_test_vectors(at: float, code: str):
    """Appendix B of RFC 6238, with six digits."""
    assert totp.code(SECRET, at=at) == code


def test_a_secret_without_padding_is_accepted():
    """Cognito returns secrets without padding."""
    assert totp.code("GEZDGNBVGY3TQ", at=59) == totp.code("GEZDGNBVGY3TQ===", at=59)
