"""The user pool's pre-sign-up trigger in the auth mode `demo`: whoever signs up may come in at once."""

from typing import Any

from functions.aws.observability import logger


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Confirm the user, and the e-mail address if they gave one."""
    event["response"]["autoConfirmUser"] = True
    if "email" in event["request"].get("userAttributes", {}):
        event["response"]["autoVerifyEmail"] = True
    logger.info("confirmed", extra={"triggerSource": event["triggerSource"]})
    return event
