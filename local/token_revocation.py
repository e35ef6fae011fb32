"""End a refresh token, at the address that an OAuth client knows: MiniStack has the API call, not the endpoint.

AWS: `POST /oauth2/revoke` with the token and the client id, 200 with no body, 400 with an OAuth error
(https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html).
"""

from __future__ import annotations

from collections.abc import Mapping

from botocore.exceptions import ClientError

from local.deployment import client


class RevocationError(Exception):
    """The user pool refused. The message is an error code of OAuth 2 (RFC 7009)."""


def revoke(endpoint: str, given: Mapping[str, str]) -> None:
    """Revoke the token in a form. Raises RevocationError."""
    if not (given.get("token") and given.get("client_id")):
        raise RevocationError("invalid_request")
    try:
        client("cognito-idp", endpoint).revoke_token(Token=given["token"], ClientId=given["client_id"])
    except ClientError as refusal:
        unknown = refusal.response["Error"]["Code"] == "ResourceNotFoundException"
        raise RevocationError("invalid_client" if unknown else "unsupported_token_type") from None
