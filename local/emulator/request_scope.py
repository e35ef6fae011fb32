"""The account and region of a request, which MiniStack keeps in context variables."""

import contextvars

from local.emulator import patching


def context_of(account: str, region: str) -> contextvars.Context:
    """A context in which MiniStack's functions serve this account and region."""
    responses = patching.module("core.responses")
    context = contextvars.copy_context()
    context.run(responses._request_account_id.set, account)
    context.run(responses._request_region.set, region)
    return context
