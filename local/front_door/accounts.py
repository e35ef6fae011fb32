"""Account requests that MiniStack's hosted pages do not offer: the sign-up page and token revocation.

AWS: managed login's `/signup` asks for the same fields, mails a code, and signs the user in. Locally there is no
mail, so the account is confirmed at once; the user pool's triggers run as on AWS. `POST /oauth2/revoke` takes the
token and the client id and answers 200 without a body, or 400 with an OAuth error
(https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html).
"""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from local.deployment import client
from local.front_door.sign_in_page import Form

# What an authorization request carries from one page to the next.
REQUEST = ("client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge")
REQUEST_FIELDS = (*REQUEST, "code_challenge_method")
FIELDS = (
    ("username", "Username", {"type": "text", "autocomplete": "username", "autofocus": ""}),
    ("name", "Your name, as others see it", {"type": "text", "autocomplete": "name"}),
    ("email", "Email", {"type": "email", "autocomplete": "email"}),
    ("password", "Password", {"type": "password", "autocomplete": "new-password"}),
)


class SignUpError(Exception):
    """The user pool refused the account; the message is for the person."""


def sign_up_form(given: Mapping[str, str], error: str = "") -> Form:
    """The empty form, or the filled one again with what was wrong."""
    request = {name: given.get(name, "") for name in REQUEST_FIELDS}
    page = Form(heading="Create an account", action="/signup", error=error)
    page.hidden = [{"type": "hidden", "name": name, "value": value} for name, value in request.items()]
    for name, label, attributes in FIELDS:
        kept = {"value": given.get(name, "")} if name != "password" else {}
        page.inputs.append({"id": name, "name": name, "required": "", **attributes, **kept})
        page.labels[name] = label
    page.buttons = [({"type": "submit"}, "Create the account")]
    return page


def create(endpoint: str, user_pool_id: str, given: Mapping[str, str]) -> None:
    """Sign up and confirm; raises SignUpError with the user pool's own words."""
    cognito = client("cognito-idp", endpoint)
    try:
        signed_up: dict[str, Any] = cognito.sign_up(
            ClientId=given.get("client_id", ""),
            Username=given.get("username", ""),
            Password=given.get("password", ""),
            UserAttributes=[
                {"Name": "email", "Value": given.get("email", "")},
                {"Name": "name", "Value": given.get("name", "")},
            ],
        )
        if not signed_up.get("UserConfirmed"):
            cognito.admin_confirm_sign_up(UserPoolId=user_pool_id, Username=given.get("username", ""))
    except ClientError as refusal:
        raise SignUpError(refusal.response["Error"]["Message"]) from refusal


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
