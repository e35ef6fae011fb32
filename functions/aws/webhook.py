"""Post text to a chat's incoming webhook, whose address is a secret in Parameter Store."""

import http.client
import json
import urllib.request

from functions.aws.clients import parameters
from functions.aws.deadline import READ_SECONDS


class WebhookError(Exception):
    """The chat did not take the text. The message contains neither the address nor the text."""


def post(parameter: str, text: str) -> None:
    """Post `{"text": …}`, which Slack, Mattermost, Google Chat and Rocket.Chat take. Raises WebhookError."""
    address = parameters().get_parameter(Name=parameter, WithDecryption=True)["Parameter"]["Value"]
    if not address.startswith("https://"):
        raise WebhookError(f"The parameter {parameter} does not contain an address with https.")
    try:
        request = urllib.request.Request(  # noqa: S310, the scheme is checked above
            address,
            data=json.dumps({"text": text}).encode(),
            headers={"Content-Type": "application/json; charset=utf-8"},
        )
        with urllib.request.urlopen(request, timeout=READ_SECONDS):  # noqa: S310
            pass
    except (OSError, ValueError, http.client.HTTPException) as failure:
        # The text of the exception may contain the address, which is a secret.
        raise WebhookError(f"The webhook in {parameter} failed: {type(failure).__name__}.") from None
