"""The three people of the local stage, and how to sign one in without a browser."""

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
    """A user that every local stage has; the password is public, as the stage is this machine's alone."""

    username: str
    password: str
    name: str
    email: str


DEMO_USERS = tuple(
    DemoUser(username, f"Parley-{username}-1", username.capitalize(), f"{username}@example.com")
    for username in ("alice", "bob", "carol")
)


def create(endpoint: str, user_pool_id: str) -> None:
    """Make the demo users where they are missing, confirmed, with their known passwords."""
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


def introduce(endpoint: str, outputs: Mapping[str, str]) -> None:
    """Have each demo user call the API once, as a first sign-in does, so that they find each other in the chat."""
    api = f"{endpoint}/_aws/execute-api/{outputs['RestApiId']}/api"
    for user in DEMO_USERS:
        tokens = sign_in(
            endpoint, outputs["UserPoolId"], outputs["UserPoolClientId"], user.username, user.password
        )
        httpx.get(f"{api}/me", headers={"Authorization": tokens["id_token"]}, trust_env=False, timeout=30)


def sign_in(endpoint: str, user_pool_id: str, client_id: str, username: str, password: str) -> Mapping[str, str]:
    """Sign in as a browser does, by authorization code with PKCE, and hand back the tokens."""
    described = client("cognito-idp", endpoint).describe_user_pool_client(
        UserPoolId=user_pool_id, ClientId=client_id
    )
    app_client = described["UserPoolClient"]
    redirect_uri = app_client["CallbackURLs"][-1]
    verifier = base64.urlsafe_b64encode(os.urandom(48)).decode().rstrip("=")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    with httpx.Client(base_url=endpoint, trust_env=False) as http:
        submitted = http.post(
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
        code = parse_qs(urlsplit(submitted.headers.get("location", "")).query).get("code")
        if not code:
            raise LocalStageError(
                f"Signing {username} in failed: the user pool refused the user name or password."
            )
        answered = http.post(
            "/oauth2/token",
            data={
                "grant_type": "authorization_code",
                "client_id": client_id,
                "redirect_uri": redirect_uri,
                "code": code[0],
                "code_verifier": verifier,
            },
        )
    if answered.status_code != httpx.codes.OK:
        raise LocalStageError(f"Signing {username} in failed: {answered.text}")
    tokens: dict[str, str] = answered.json()
    return tokens
