"""The user pool's pre-sign-up trigger in the auth mode `demo`: confirm every user at sign-up."""

from typing import Any

from functions.aws.observability import logger


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Confirm the user, but not the e-mail address, which the user has not proven to own.

    If the address were marked as verified, Cognito would move it, as an alias for signing in and for resetting the
    password, away from the user who had verified it before.
    """
    event["response"]["autoConfirmUser"] = True
    logger.info("confirmed", extra={"triggerSource": event["triggerSource"]})
    return event
