"""The three demo users of a local stage, and signing a user in without a browser."""

import base64
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx

from local.deployment import client
from local.errors import LocalStageError


@dataclass(frozen=True)
class DemoUser:
    """A user that every local stage has. The password is public: the stage listens on loopback only."""

    username: str
    password: str
    name: str
    email: str


DEMO_USERS = tuple(
    DemoUser(username, f"Parley-{username}-1", username.capitalize(), f"{username}@example.com")
    for username in ("alice", "bob", "carol")
)


def create(endpoint: str, user_pool_id: str) -> None:
    """Create the missing demo users, confirmed; set the passwords of all."""
    cognito = client("cognito-idp", endpoint)
    for user in DEMO_USERS:
        try:
            cognito.admin_get_user(UserPoolId=user_pool_id, Username=user.username)
        except cognito.exceptions.UserNotFoundException:
            cognito.admin_create_user(
                UserPoolId=user_pool_id,
                Username=user.username,
                MessageAction="SUPPRESS",
                UserAttributes=[
                    {"Name": "email", "Value": user.email},
                    {"Name": "email_verified", "Value": "true"},
                    {"Name": "name", "Value": user.name},
                ],
            )
        cognito.admin_set_user_password(
            UserPoolId=user_pool_id, Username=user.username, Password=user.password, Permanent=True
        )


def register(endpoint: str, outputs: Mapping[str, str]) -> None:
    """Call the API once as each demo user, as a first sign-in does, so that the user directory lists them."""
    api = f"{endpoint}/_aws/execute-api/{outputs['RestApiId']}/api"
    for user in DEMO_USERS:
        tokens = sign_in(
            endpoint, outputs["UserPoolId"], outputs["UserPoolClientId"], user.username, user.password
        )
        httpx.get(f"{api}/me", headers={"Authorization": tokens["id_token"]}, trust_env=False, timeout=30)


def sign_in(endpoint: str, user_pool_id: str, client_id: str, username: str, password: str) -> Mapping[str, str]:
    """Sign in as a browser does, by authorization code with PKCE.

    Returns the tokens (`id_token`, `access_token`, `refresh_token`). Raises LocalStageError if that is refused.
    """
    cognito = client("cognito-idp", endpoint)
    app_client = cognito.describe_user_pool_client(UserPoolId=user_pool_id, ClientId=client_id)["UserPoolClient"]
    redirect_uri = app_client["CallbackURLs"][-1]
    verifier = base64.urlsafe_b64encode(os.urandom(48)).decode().rstrip("=")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    with httpx.Client(base_url=endpoint, trust_env=False) as http:
        login_response = http.post(
            "/login",
            data={
                "client_id": client_id,
                "redirect_uri": redirect_uri,
                "response_type": "code",
                "scope": " ".join(app_client.get("AllowedOAuthScopes") or ["openid"]),
                "state": "",
                "nonce": "",
                "code_challenge": challenge,
                "code_challenge_method": "S256",
                "username": username,
                "password": password,
            },
        )
        code = parse_qs(urlsplit(login_response.headers.get("location", "")).query).get("code")
        if not code:
            raise LocalStageError(
                f"Signing in as {username!r} failed: the user pool refused the username or password."
            )
        token_response = http.post(
            "/oauth2/token",
            data={
                "grant_type": "authorization_code",
                "client_id": client_id,
                "redirect_uri": redirect_uri,
                "code": code[0],
                "code_verifier": verifier,
            },
        )
    if token_response.status_code != httpx.codes.OK:
        raise LocalStageError(
            f"Signing in as {username!r} failed: the token endpoint answered {token_response.text}"
        )
    tokens: dict[str, str] = token_response.json()
    return tokens
