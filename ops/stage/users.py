"""Manage the users in a stage's Cognito user pool; used by operators, tests and benchmarks."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ops.errors import BadRequestError, NotFoundError
from ops.models import UserSummary

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AuthenticationResultTypeTypeDef


@dataclass(frozen=True, kw_only=True)
class UserPool:
    """A stage's user pool and the client id of its UI."""

    client: "CognitoIdentityProviderClient"
    user_pool_id: str
    client_id: str

    def add(self, username: str, *, display_name: str, password: str) -> None:
        """Create a confirmed user with a permanent password. Raises UsernameExistsException."""
        self.client.admin_create_user(
            UserPoolId=self.user_pool_id,
            Username=username,
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": "name", "Value": display_name},
                {"Name": "email", "Value": f"{username}@example.com"},
                {"Name": "email_verified", "Value": "true"},
            ],
        )
        self.set_password(username, password)

    def set_password(self, username: str, password: str) -> None:
        """Set a permanent password."""
        self.client.admin_set_user_password(
            UserPoolId=self.user_pool_id, Username=username, Password=password, Permanent=True
        )

    def id_token(self, username: str, password: str) -> str:
        """The ID token of a new session. Raises NotAuthorizedException for a wrong password."""
        return self.sign_in(username, password)["IdToken"]

    def sign_in(self, username: str, password: str) -> "AuthenticationResultTypeTypeDef":
        """All tokens of a new session. Raises NotAuthorizedException for a wrong password."""
        answer = self.client.admin_initiate_auth(
            UserPoolId=self.user_pool_id,
            ClientId=self.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": password},
        )
        return answer["AuthenticationResult"]

    def list_users(self) -> list[UserSummary]:
        """Every user, sorted by user name."""
        users: list[UserSummary] = []
        for page in self.client.get_paginator("list_users").paginate(UserPoolId=self.user_pool_id):
            for user in page["Users"]:
                attributes = {item["Name"]: item.get("Value", "") for item in user.get("Attributes", [])}
                users.append(
                    UserSummary(
                        username=user["Username"],
                        user_id=attributes.get("sub", ""),
                        display_name=attributes.get("name") or None,
                        email=attributes.get("email") or None,
                        status=user["UserStatus"],
                        enabled=user["Enabled"],
                    )
                )
        return sorted(users, key=lambda user: user.username)

    def set_enabled(self, username: str, *, enabled: bool) -> None:
        """Enable or disable sign-in; disabling also revokes the tokens. Raises NotFoundError."""
        call = self.client.admin_enable_user if enabled else self.client.admin_disable_user
        try:
            call(UserPoolId=self.user_pool_id, Username=username)
            if not enabled:
                self.client.admin_user_global_sign_out(UserPoolId=self.user_pool_id, Username=username)
        except self.client.exceptions.UserNotFoundException:
            raise NotFoundError(f"There is no user '{username}'.") from None


def creation_failed(error: ClientError) -> BadRequestError:
    """The error of `UserPool.add` for the operator, with Cognito's message."""
    return BadRequestError(f"The user pool rejected the user: {error.response['Error']['Message']}")
