"""Find the user to export or erase, and end the access of one who is erased."""

from dataclasses import dataclass

from ops import times
from ops.errors import NotFoundError
from ops.stage import tables, user_sessions
from ops.stage.stage import Stage


@dataclass(frozen=True)
class KnownUser:
    """A user, by id. `username` is None if the account is deleted."""

    user_id: str
    username: str | None


def find(stage: Stage, text: str) -> KnownUser:
    """The user with this user name or id, also if the account is deleted. Raises NotFoundError."""
    pool = stage.user_pool
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    for attribute in ("username", "sub"):
        accounts = pool.client.list_users(
            UserPoolId=pool.user_pool_id, Filter=f'{attribute} = "{quoted}"', Limit=1
        )["Users"]
        for account in accounts:
            attributes = {item["Name"]: item.get("Value", "") for item in account.get("Attributes", [])}
            return KnownUser(attributes["sub"], account["Username"])
    for name in ("Users", "TextKeys"):
        if tables.table(stage, name).get_item(Key={"userId": text}, ProjectionExpression="userId").get("Item"):
            return KnownUser(text, None)
    raise NotFoundError(f"There is no user '{text}'.")


def end(stage: Stage, user: KnownUser) -> int:
    """Disable the account, and end its sessions and connections. Returns how many there were. Idempotent."""
    until = stage.user_pool.disable(user.username) if user.username is not None else times.now() // 1000
    return len(user_sessions.end_all(stage, user.user_id, until=until))
