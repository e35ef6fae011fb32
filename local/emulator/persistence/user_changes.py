"""Record new, changed and deleted users of Cognito's user pools in the journal."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from local.emulator import patching

OPERATIONS = (
    "_admin_create_user",
    "_admin_set_user_password",
    "_admin_reset_user_password",
    "_admin_update_user_attributes",
    "_admin_confirm_sign_up",
    "_admin_disable_user",
    "_admin_enable_user",
    "_admin_user_global_sign_out",
    "_admin_respond_to_auth_challenge",
    "_admin_delete_user",
    "_sign_up",
    "_confirm_sign_up",
    "_respond_to_auth_challenge",
    "_confirm_forgot_password",
    "_change_password",
    "_update_user_attributes",
    "_delete_user",
)

Pool = dict[str, Any]
User = dict[str, Any]


class UserChanges:
    """One entry per change: `{"pool": id, "username": …, "user": the user after the change, None if deleted}`."""

    def __init__(self, record: Callable[..., None]) -> None:
        self._record = record
        self._service = patching.module("services.cognito")
        for name in OPERATIONS:
            operation = patching.original("services.cognito", name)
            patching.replace("services.cognito", name, self._recording(operation))
        self._submit_new_password = patching.replace(
            "services.cognito", "_handle_new_password_submit", self.submit_new_password
        )

    def apply_again(self, entry: dict[str, Any]) -> None:
        """Store the user of an entry; a pool that does not exist is skipped."""
        pool = self._service._user_pools.get(entry["pool"])
        if pool is None:
            return
        if entry["user"] is None:
            pool["_users"].pop(entry["username"], None)
        else:
            pool["_users"][entry["username"]] = entry["user"]

    def submit_new_password(self, token: str, form: dict[str, str]) -> Any:
        """The form of the sign-in page on which a user replaces a temporary password, and the user after it."""
        session = self._service._pending_new_password.get(token)
        # This takes the account and region of the pool, as the page has none.
        response = self._submit_new_password(token, form)
        if session is not None and token not in self._service._pending_new_password:
            pool = self._service._user_pools.get(session["pool_id"])
            user = self._user(pool, session["username"])
            self._record_user(pool, before=user, after=user)
        return response

    def _recording(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(operation)
        def run(data: dict[str, Any]) -> Any:
            pool, username = self._named(data)
            before = self._user(pool, username)
            response = operation(data)
            after = self._user(pool, username)
            if response[0] < 400:
                self._record_user(pool, before=before, after=after)
            return response

        return run

    def _record_user(self, pool: Pool | None, *, before: User | None, after: User | None) -> None:
        """Record a user as they are after a change; nothing if there was none before it either."""
        changed = after or before
        if pool is not None and changed is not None:
            self._record("user", pool=pool["Id"], username=changed["Username"], user=after)

    def _named(self, data: dict[str, Any]) -> tuple[Pool | None, str]:
        """The pool and the username of the user that a request changes, as far as it names them."""
        if data.get("AccessToken"):
            user, pool = self._service._user_pool_for_access_token(data["AccessToken"])
            return pool, user["Username"] if user else ""
        pool_id = data.get("UserPoolId") or self._pool_of_client(data.get("ClientId", ""))
        answers = data.get("ChallengeResponses") or {}
        username = data.get("Username") or answers.get("USERNAME", "")
        return self._service._user_pools.get(pool_id) if pool_id else None, username

    def _user(self, pool: Pool | None, username: str) -> User | None:
        """The user with this name, None if there is none."""
        if pool is None:
            return None
        user, _error = self._service._resolve_user(pool, username)
        return user  # type: ignore[no-any-return]

    def _pool_of_client(self, client_id: str) -> str | None:
        pools = self._service._user_pools
        return next(
            (pool_id for pool_id, pool in pools.items() if client_id in (pool.get("_clients") or {})), None
        )
