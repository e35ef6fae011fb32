"""Record new, changed and deleted users of Cognito's user pools in the journal."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from local.emulator import patching

OPERATIONS = (
    "_admin_create_user",
    "_admin_set_user_password",
    "_admin_update_user_attributes",
    "_admin_confirm_sign_up",
    "_admin_disable_user",
    "_admin_enable_user",
    "_admin_user_global_sign_out",
    "_admin_delete_user",
    "_sign_up",
    "_confirm_sign_up",
)


class UserChanges:
    """One entry per change: `{"pool": id, "username": …, "user": the user after the change, None if deleted}`."""

    def __init__(self, record: Callable[..., None]) -> None:
        self._record = record
        self._service = patching.module("services.cognito")
        for name in OPERATIONS:
            operation = patching.original("services.cognito", name)
            patching.replace("services.cognito", name, self._recording(operation))

    def apply_again(self, entry: dict[str, Any]) -> None:
        """Store the user of an entry; a pool that does not exist is skipped."""
        pool = self._service._user_pools.get(entry["pool"])
        if pool is None:
            return
        if entry["user"] is None:
            pool["_users"].pop(entry["username"], None)
        else:
            pool["_users"][entry["username"]] = entry["user"]

    def _recording(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(operation)
        def run(data: dict[str, Any]) -> Any:
            pool_id = data.get("UserPoolId") or self._pool_of_client(data.get("ClientId", ""))
            pool = self._service._user_pools.get(pool_id) if pool_id else None
            before = self._user(pool, data)
            response = operation(data)
            after = self._user(pool, data)
            changed = after or before
            if response[0] < 400 and changed is not None:
                self._record("user", pool=pool_id, username=changed["Username"], user=after)
            return response

        return run

    def _user(self, pool: dict[str, Any] | None, data: dict[str, Any]) -> dict[str, Any] | None:
        """The user that a request names, None if there is none."""
        if pool is None:
            return None
        user, _error = self._service._resolve_user(pool, data.get("Username", ""))
        return user  # type: ignore[no-any-return]

    def _pool_of_client(self, client_id: str) -> str | None:
        pools = self._service._user_pools
        return next(
            (pool_id for pool_id, pool in pools.items() if client_id in (pool.get("_clients") or {})), None
        )
