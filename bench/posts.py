"""The processor time of one post to a connection: `python -m bench.posts`. Needs no stage.

The function's own code posts to a server in another process that answers each request at once. The time of the
server, of the network and of encryption does not count; a function on AWS has these too, and another processor.
"""

import asyncio
import multiprocessing
import os
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Annotated

import typer

from bench.runs import run_program, save
from functions.aws import sockets

TEXT = "x" * 600
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def main(
    batches: Annotated[int, typer.Option(min=1, max=200, help="Batches of 100 posts")] = 20,
) -> None:
    """Measure the processor time of one post."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(there,), daemon=True)
    server.start()
    os.environ.update(
        AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI=f"http://127.0.0.1:{here.recv()}",
        AWS_ACCESS_KEY_ID="none",
        AWS_SECRET_ACCESS_KEY="none",
        AWS_DEFAULT_REGION="us-east-1",
        POWERTOOLS_TRACE_DISABLED="true",
    )
    try:
        milliseconds = measure(batches)
    finally:
        server.terminate()
    save("posts", {"milliseconds_per_post": milliseconds, "posts": batches * 100})
    typer.echo(f"{milliseconds:.2f} ms of processor time for a post, {batches * 100} posts")


def measure(batches: int) -> float:
    """Post the batches, and return the processor time per post in milliseconds."""
    connections = [f"connection{number}" for number in range(100)]
    sockets.post(TEXT, connections)
    before = time.process_time()
    for _ in range(batches):
        if len(sockets.post(TEXT, connections).delivered) != len(connections):
            raise RuntimeError("a post failed")
    return (time.process_time() - before) * 1000 / (batches * len(connections))


def serve(port: Connection) -> None:
    """Answer every request with 200, and send the port first."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
                await reader.readexactly(int(headers.get(b"content-length", b"0")))
                writer.write(ANSWER)
                await writer.drain()

    async def listen() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(listen())


if __name__ == "__main__":
    run_program(main)
