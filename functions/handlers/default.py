"""Route `$default`: a frame that no other route takes gets told what is wrong with it."""

from functions.contract.commands import Ping, parse_command
from functions.contract.frames import Frame, Pong
from functions.handlers.websocket import Caller, socket_route


@socket_route
def handler(_caller: Caller, body: str | None, _now_ms: int) -> Frame:
    """An `error` frame for all but a ping that API Gateway's own route did not match."""
    parse_command(body, Ping)
    return Pong()
