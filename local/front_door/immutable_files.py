"""Keep the responses of immutable files, as CloudFront does: reading and compressing one takes milliseconds."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ImmutableFiles:
    """Middleware that repeats the response of a GET whose `cache-control` says `immutable`.

    The names of such files change with their content, so that a response is kept until the stage stops. It may be
    compressed, so that there is one for clients that accept gzip and one for others.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application
        self._kept: dict[tuple[str, bool], list[Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the kept response, or pass the request on and keep its response."""
        headers = Headers(scope=scope)
        if scope["method"] != "GET" or "if-none-match" in headers:
            await self._application(scope, receive, send)
            return
        key = (scope["path"], "gzip" in headers.get("accept-encoding", ""))
        response = self._kept.get(key)
        if response is not None:
            for message in response:
                await send(message)
            return
        messages: list[Message] = []

        async def send_and_remember(message: Message) -> None:
            messages.append(message)
            await send(message)

        await self._application(scope, receive, send_and_remember)
        if _is_immutable(messages[0]):
            self._kept[key] = messages


def _is_immutable(start: Message) -> bool:
    cache_control = Headers(raw=start["headers"]).get("cache-control", "")
    return start["status"] == 200 and "immutable" in cache_control
