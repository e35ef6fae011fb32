"""Revoke the tokens of a user who is disabled or signed out, as AWS does.

AWS revokes all refresh tokens of a user who is disabled, and by a sign-out every token that was issued before it.
MiniStack revokes none for a disabled user unless policies are enforced, and its sign-out leaves a token valid that
was issued in the same second.
"""

from typing import Any

from local.emulator import patching


def install() -> None:
    """Sign a user out when they are disabled, and refuse a refresh token of a session that was signed out."""
    service = patching.module("services.cognito")
    disable = patching.original("services.cognito", "_admin_disable_user")
    is_revoked = patching.original("services.cognito", "_refresh_token_revoked")

    def disable_and_sign_out(data: dict[str, Any]) -> Any:
        response = disable(data)
        service._admin_user_global_sign_out(data)
        return response

    def refresh_token_revoked(token: str, user: dict[str, Any] | None) -> bool:
        session = service._token_claims(token).get("origin_jti")
        return bool(is_revoked(token, user)) or session in service._revoked_tokens

    patching.replace("services.cognito", "_admin_disable_user", disable_and_sign_out)
    patching.replace("services.cognito", "_refresh_token_revoked", refresh_token_revoked)
