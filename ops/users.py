"""Users of a stage, in its Cognito user pool: made for tests, measurements and demonstrations."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient


@dataclass(frozen=True, kw_only=True)
class UserPool:
    """A stage's user pool and the client id of its UI."""

    client: "CognitoIdentityProviderClient"
    user_pool_id: str
    client_id: str

    def add(self, username: str, *, display_name: str, password: str) -> None:
        """Make a confirmed user with a permanent password. Raises UsernameExistsException."""
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
        self.client.admin_set_user_password(
            UserPoolId=self.user_pool_id, Username=username, Password=password, Permanent=True
        )

    def id_token(self, username: str, password: str) -> str:
        """A fresh ID token. Raises NotAuthorizedException for a wrong password."""
        answer = self.client.admin_initiate_auth(
            UserPoolId=self.user_pool_id,
            ClientId=self.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": password},
        )
        return answer["AuthenticationResult"]["IdToken"]
