"""The alarms' SNS topic: post each notification to the webhook of a chat."""

import json
from collections.abc import Mapping
from typing import Any

from functions.aws import clients, deadline, tracing, webhook
from functions.aws.observability import logger
from functions.chat.alarms import notification
from functions.settings import NotifyAlarmSettings

clients.prepare(clients.parameters)


@tracing.traced
@deadline.bounded
def handler(event: dict[str, Any], _context: Any) -> None:
    """Post every record. After an exception, Lambda calls again twice, since SNS does not wait for the result."""
    settings = NotifyAlarmSettings.from_env()
    for record in event["Records"]:
        text = notification(_alarm(record["Sns"]["Message"]), subject=record["Sns"].get("Subject"))
        webhook.post(settings.webhook_parameter, text)
        logger.info("notified", extra={"snsMessageId": record["Sns"]["MessageId"]})


def _alarm(message: str) -> Mapping[str, Any] | str:
    """An alarm is JSON; a budget's notification is text."""
    try:
        parsed = json.loads(message)
    except ValueError:
        return message
    return parsed if isinstance(parsed, dict) else message
