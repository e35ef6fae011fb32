"""The user pool's pre-sign-up trigger in the auth mode `demo`: confirm every user at sign-up."""

from typing import Any

from functions.aws.observability import logger


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Confirm the user and, if present, their e-mail address."""
    event["response"]["autoConfirmUser"] = True
    if "email" in event["request"].get("userAttributes", {}):
        event["response"]["autoVerifyEmail"] = True
    logger.info("confirmed", extra={"triggerSource": event["triggerSource"]})
    return event
