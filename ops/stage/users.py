"""Manage the users in a stage's Cognito user pool; used by operators, tests and benchmarks."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ParamValidationError

from ops import refusals
from ops.errors import BadRequestError, OpsError
from ops.models import UserSummary
from ops.stage import totp

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AuthenticationResultTypeTypeDef


CHALLENGES = {
    "SOFTWARE_TOKEN_MFA": "{0} signs in with an authenticator app: give its current code with --code.",
    "MFA_SETUP": (
        "This stage requires an authenticator app (authMode: mfa), and {0} has none yet: sign in once in the "
        "browser, which sets it up."
    ),
    "NEW_PASSWORD_REQUIRED": "{0} must choose a new password first: sign in once in the browser.",
}
OTHER_CHALLENGE = "The user pool asks {0} for {1}, which only the sign-in page can answer: sign in in the browser."


class SecondFactorError(OpsError):
    """The user pool asks for more than the password. The message says what to do."""


@dataclass(frozen=True, kw_only=True)
class UserPool:
    """A stage's user pool and the client id of its UI."""

    client: "CognitoIdentityProviderClient"
    user_pool_id: str
    client_id: str

    def add(self, username: str, *, display_name: str, password: str) -> None:
        """Create a confirmed user with a permanent password: completely, or not at all.

        Raises UsernameExistsException, and InvalidPasswordException for a password that the pool does not accept.
        """
        self.client.admin_create_user(
            UserPoolId=self.user_pool_id,
            Username=username,
            # Refused here if it is too weak, before there is a user.
            TemporaryPassword=password,
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": "name", "Value": display_name},
                {"Name": "email", "Value": f"{username}@example.com"},
                {"Name": "email_verified", "Value": "true"},
            ],
        )
        try:
            self.set_password(username, password)
        except BaseException:
            self.delete(username)
            raise

    def set_password(self, username: str, password: str) -> None:
        """Set a permanent password."""
        self.client.admin_set_user_password(
            UserPoolId=self.user_pool_id, Username=username, Password=password, Permanent=True
        )

    def id_token(self, username: str, password: str, *, code: str | None = None) -> str:
        """The ID token of a new session. See `sign_in`."""
        return self.sign_in(username, password, code=code)["IdToken"]

    def sign_in(
        self, username: str, password: str, *, code: str | None = None, enrol: bool = False
    ) -> "AuthenticationResultTypeTypeDef":
        """All tokens of a new session. `code` is the current code of the user's authenticator app.

        `enrol` adds an authenticator app to a user who has none and must have one. Its secret is not kept, so
        it is for users who sign in once. Raises SecondFactorError, NotAuthorizedException for a wrong password,
        and CodeMismatchException for a wrong code.
        """
        answer = self.client.admin_initiate_auth(
            UserPoolId=self.user_pool_id,
            ClientId=self.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": password},
        )
        challenge, session = answer.get("ChallengeName"), answer.get("Session", "")
        if challenge == "SOFTWARE_TOKEN_MFA" and code:
            return self._respond(challenge, session, username, SOFTWARE_TOKEN_MFA_CODE=code)
        if challenge == "MFA_SETUP" and enrol:
            return self._respond(challenge, self._enrol(session), username)
        if challenge:
            raise SecondFactorError(CHALLENGES.get(challenge, OTHER_CHALLENGE).format(username, challenge))
        return answer["AuthenticationResult"]

    def _respond(
        self, challenge: Any, session: str, username: str, **answers: str
    ) -> "AuthenticationResultTypeTypeDef":
        answer = self.client.admin_respond_to_auth_challenge(
            UserPoolId=self.user_pool_id,
            ClientId=self.client_id,
            ChallengeName=challenge,
            Session=session,
            ChallengeResponses={"USERNAME": username, **answers},
        )
        if following := answer.get("ChallengeName"):
            raise SecondFactorError(OTHER_CHALLENGE.format(username, following))
        return answer["AuthenticationResult"]

    def _enrol(self, session: str) -> str:
        """Add an authenticator app to the user of a session. Returns the session to go on with."""
        associated = self.client.associate_software_token(Session=session)
        verified = self.client.verify_software_token(
            Session=associated["Session"], UserCode=totp.code(associated["SecretCode"])
        )
        return verified["Session"]

    def delete(self, username: str) -> None:
        """Delete a user. No error if there is none."""
        with suppress(self.client.exceptions.UserNotFoundException):
            self.client.admin_delete_user(UserPoolId=self.user_pool_id, Username=username)

    def list_users(self) -> list[UserSummary]:
        """Every user, sorted by username."""
        pages = self.client.get_paginator("list_users").paginate(UserPoolId=self.user_pool_id)
        return sorted((_summary(user) for page in pages for user in page["Users"]), key=lambda user: user.username)

    def find(self, name: str) -> UserSummary | None:
        """The user with this id or username; None if there is none.

        Raises BadRequestError if it is the id of one user and the username of another: users choose their names.
        """
        with_id, with_name = self.with_id(name), self._first("username", name)
        if with_id and with_name and with_id.user_id != with_name.user_id:
            raise BadRequestError(
                f"'{name}' is the id of the user '{with_id.username}', and the username of the user with the id "
                f"'{with_name.user_id}': use '{with_id.username}' or '{with_name.user_id}'."
            )
        return with_id or with_name

    def with_id(self, user_id: str) -> UserSummary | None:
        """The user with this id; None if there is none."""
        return self._first("sub", user_id)

    def _first(self, attribute: str, value: str) -> UserSummary | None:
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        condition = f'{attribute} = "{quoted}"'
        found = self.client.list_users(UserPoolId=self.user_pool_id, Filter=condition, Limit=1)
        return _summary(found["Users"][0]) if found["Users"] else None

    def user_id(self, name: str) -> str | None:
        """The id of the user with this username or id; None if there is none."""
        found = self.find(name)
        return found.user_id if found else None

    def enable(self, username: str) -> None:
        """Enable sign-in again. Sessions that ended stay ended. Raises UserNotFoundException."""
        self.client.admin_enable_user(UserPoolId=self.user_pool_id, Username=username)

    def disable(self, username: str) -> int:
        """Disable sign-in and revoke all tokens. Returns Cognito's time. Raises UserNotFoundException."""
        self.client.admin_disable_user(UserPoolId=self.user_pool_id, Username=username)
        return self.revoke(username)

    def revoke(self, username: str) -> int:
        """Revoke all access and refresh tokens of a user. Returns Cognito's time. Raises UserNotFoundException.

        ID tokens stay valid until they expire: the functions refuse them (ops/stage/user_sessions.py).
        """
        answer = self.client.admin_user_global_sign_out(UserPoolId=self.user_pool_id, Username=username)
        return answered_at(answer["ResponseMetadata"])


def answered_at(metadata: Mapping[str, Any]) -> int:
    """When AWS sent an answer (seconds since the epoch): by its clock, which also dates tokens, if it says so."""
    date = (metadata.get("HTTPHeaders") or {}).get("date")
    return int(parsedate_to_datetime(date).timestamp()) if date else int(time.time())


def _summary(user: Mapping[str, Any]) -> UserSummary:
    attributes = {item["Name"]: item.get("Value", "") for item in user.get("Attributes", [])}
    return UserSummary(
        username=user["Username"],
        user_id=attributes.get("sub", ""),
        display_name=attributes.get("name") or None,
        email=attributes.get("email") or None,
        status=user["UserStatus"],
        enabled=user["Enabled"],
    )


Rejection = (ClientError, ParamValidationError)
"""What `UserPool.add` and `UserPool.set_password` raise for values that the pool does not accept."""


def password_failed(error: ClientError | ParamValidationError) -> Exception:
    """The error of `UserPool.set_password` for the operator, with Cognito's message."""
    return _rejected("password", error)


def creation_failed(error: ClientError | ParamValidationError) -> Exception:
    """The error of `UserPool.add` for the operator, with Cognito's message."""
    return _rejected("user", error)


def _rejected(what: str, error: ClientError | ParamValidationError) -> Exception:
    """The error itself if the operator has no right to make the call: the value is not the reason."""
    if isinstance(error, ParamValidationError):
        reason = refusals.invalid_values(error)
    elif refusals.is_of_the_caller(error):
        return error
    else:
        reason = error.response["Error"]["Message"]
    return BadRequestError(f"The user pool rejected the {what}: {reason}")
