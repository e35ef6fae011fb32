"""ID tokens of the users of a running local stage."""

from collections.abc import Mapping
from typing import Any

from local import demo_users, deployment
from local.errors import LocalStageError
from ops.errors import OpsError


def id_token(
    description: Mapping[str, Any], username: str, password: str | None = None, code: str | None = None
) -> str:
    """An ID token of a user. `code` is that of their authenticator app, if they have one.

    Raises LocalStageError without a password, except for the demo users, and if the user pool refuses.
    """
    demo_passwords = {user.username: user.password for user in demo_users.DEMO_USERS}
    password = password or demo_passwords.get(username)
    if password is None:
        raise LocalStageError(
            f"The password of {username!r} is not known: give it with --password, or choose a demo user "
            f"({', '.join(demo_passwords)})."
        )
    pool = deployment.user_pool(description["emulatorUrl"], deployment.outputs_by_name(description["outputs"]))
    if pool is None:
        raise LocalStageError("The stage's stacks have no user pool.")
    try:
        return pool.id_token(username, password, code=code)
    except OpsError as error:
        raise LocalStageError(str(error)) from None
    except pool.client.exceptions.ClientError as error:
        raise LocalStageError(f"Signing in as {username!r} failed: {error.response['Error']['Message']}") from None
