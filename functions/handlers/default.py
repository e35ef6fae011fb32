"""Route `$default`: answer frames that match no other route with the error in them. They all count as refused."""

from functions.contract.commands import Ping, parse_command
from functions.contract.frames import Frame, Pong
from functions.handlers.websocket import Caller, count_as_refused, socket_route


@socket_route
def handler(caller: Caller, body: str | None, _now_ms: int) -> Frame:
    """Answer `pong` to a ping that the route `ping` did not match. Other frames raise an error."""
    parse_command(body, Ping)
    count_as_refused(caller)
    return Pong()
