"""The three demo users of a local stage."""

from dataclasses import dataclass

import httpx

from ops.stage.users import UserPool


@dataclass(frozen=True)
class DemoUser:
    """A user that every local stage has. The password is public: the stage listens on loopback only."""

    username: str
    password: str


DEMO_USERS = tuple(DemoUser(username, f"Parley-{username}-1") for username in ("alice", "bob", "carol"))


def create(pool: UserPool) -> None:
    """Create the missing demo users, confirmed; set the passwords of all."""
    for user in DEMO_USERS:
        try:
            pool.add(user.username, display_name=user.username.capitalize(), password=user.password)
        except pool.client.exceptions.UsernameExistsException:
            pool.set_password(user.username, user.password)


def register(pool: UserPool, api_url: str) -> None:
    """Call the API once as each demo user, as a first sign-in does, so that the user directory lists them."""
    for user in DEMO_USERS:
        token = pool.id_token(user.username, user.password)
        httpx.get(f"{api_url}/me", headers={"Authorization": token}, trust_env=False, timeout=30)
