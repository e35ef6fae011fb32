"""Account requests that MiniStack's hosted pages do not offer: the sign-up page and token revocation.

AWS: managed login's `/signup` asks for the same fields, sends a code by mail, and signs the user in. The local
stage sends no mail, so it confirms the account immediately; the user pool's triggers run as on AWS.
`POST /oauth2/revoke` takes the token and the client id and answers 200 without a body, or 400 with an OAuth error
(https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html).
"""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from local.deployment import client
from local.front_door.sign_in_page import Form

# The parameters of an authorization request, which each page passes on to the next.
AUTHORIZATION_PARAMETERS = (
    "client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge",
    "code_challenge_method",
)  # fmt: skip
# Label and HTML attributes of each input, by its name.
SIGN_UP_INPUTS: dict[str, tuple[str, dict[str, str]]] = {
    "username": ("Username", {"type": "text", "autocomplete": "username", "autofocus": ""}),
    "name": ("Your name, as others see it", {"type": "text", "autocomplete": "name"}),
    "email": ("Email", {"type": "email", "autocomplete": "email"}),
    "password": ("Password", {"type": "password", "autocomplete": "new-password"}),
}


class SignUpError(Exception):
    """The user pool refused the account; the message is shown to the user."""


class RevocationError(Exception):
    """The user pool refused the token. The message is an error code of OAuth 2 (RFC 7009)."""


def sign_up_form(values: Mapping[str, str], error: str = "") -> Form:
    """The sign-up form, with the values of the request or of the refused form, except the password."""
    form = Form(heading="Create an account", action="/signup", error=error)
    form.hidden = [
        {"type": "hidden", "name": name, "value": values.get(name, "")} for name in AUTHORIZATION_PARAMETERS
    ]
    for name, (label, attributes) in SIGN_UP_INPUTS.items():
        value = {} if name == "password" else {"value": values.get(name, "")}
        form.inputs.append({"id": name, "name": name, "required": "", **attributes, **value})
        form.labels[name] = label
    form.buttons = [({"type": "submit"}, "Create the account")]
    return form


def create(endpoint: str, user_pool_id: str, values: Mapping[str, str]) -> None:
    """Sign a user up and confirm the account. Raises SignUpError if it is refused."""
    cognito = client("cognito-idp", endpoint)
    username = values.get("username", "")
    try:
        signed_up: dict[str, Any] = cognito.sign_up(
            ClientId=values.get("client_id", ""),
            Username=username,
            Password=values.get("password", ""),
            UserAttributes=[{"Name": name, "Value": values.get(name, "")} for name in ("email", "name")],
        )
        if not signed_up.get("UserConfirmed"):
            cognito.admin_confirm_sign_up(UserPoolId=user_pool_id, Username=username)
    except ClientError as refusal:
        raise SignUpError(refusal.response["Error"]["Message"]) from refusal
    except ParamValidationError as refusal:
        # botocore does not send an empty client id or username.
        raise SignUpError("A value is missing. Begin at the chat, and fill in every field.") from refusal


def revoke(endpoint: str, values: Mapping[str, str]) -> None:
    """Revoke the token of a form. Raises RevocationError."""
    if not (values.get("token") and values.get("client_id")):
        raise RevocationError("invalid_request")
    try:
        client("cognito-idp", endpoint).revoke_token(Token=values["token"], ClientId=values["client_id"])
    except ClientError as refusal:
        is_unknown_client = refusal.response["Error"]["Code"] == "ResourceNotFoundException"
        raise RevocationError("invalid_client" if is_unknown_client else "unsupported_token_type") from None
