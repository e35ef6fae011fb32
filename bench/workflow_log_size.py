"""The size of the workflow's log: `python -m bench.workflow_log_size`, with a local stage running.

Level ALL, which is the default of a stage, writes each state of a run with its data. The program sends messages to
channels of several sizes, reads the lines of their runs, and counts bytes as CloudWatch Logs does.
"""

import asyncio
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.runs import connect_users, run_program, save, stage_to_measure
from local.state_directory import DEFAULT_STATE_DIR
from ops.stage.stage import Stage
from tests.guarantees.clients import create_private_channel

TEXT = "The build is green again, I am going to deploy it after lunch."
MEMBERS = (2, 10, 50)
# Less than the stage's messageBurst.
MESSAGES = 10
# CloudWatch Logs charges for these in addition to each line's text.
BYTES_PER_LINE = 26
PRICE_PER_GB = 0.50
MAX_SECONDS = 60


def main(
    state_dir: Annotated[Path, typer.Option(help="The local stage's state directory")] = DEFAULT_STATE_DIR,
) -> None:
    """Measure the bytes that the workflow logs for a message, by the number of connected members."""
    stage = stage_to_measure(state_dir)
    sizes = asyncio.run(measure(stage))
    save("workflow-log-size", sizes)
    table = Table(title=f"the workflow's log for a message of {len(TEXT)} characters")
    for column in ("connected members", "bytes a message", "$ a million messages"):
        table.add_column(column, justify="right")
    for members, size in sizes.items():
        table.add_row(str(members), f"{size:,}", f"{size / 1000 * PRICE_PER_GB:.2f}")
    Console().print(table)


async def measure(stage: Stage) -> dict[int, int]:
    """The bytes of log per message, by the number of connected members."""
    sizes = {}
    for members in MEMBERS:
        async with AsyncExitStack() as stack:
            clients = await connect_users(stack, stage, members)
            channel_id = await create_private_channel(*clients)
            acks = [await clients[0].send_message(TEXT, channel_id=channel_id) for _ in range(MESSAGES)]
            message_ids = {str(ack["messageId"]) for ack in acks}
            logged = await asyncio.to_thread(bytes_of_runs, stage, message_ids)
            sizes[members] = round(logged / len(message_ids))
    return sizes


def bytes_of_runs(stage: Stage, message_ids: set[str]) -> int:
    """The bytes that the runs of some messages have logged, once all of them have ended."""
    deadline = time.monotonic() + MAX_SECONDS
    while time.monotonic() < deadline:
        lines: defaultdict[str, list[str]] = defaultdict(list)
        pages = stage.client("logs").get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=stage.output("Delivery", "DeliverLogGroupName")):
            for line in page["events"]:
                text = line["message"]
                run = text.partition('"execution_arn":')[2].partition(",")[0]
                lines[run].append(text)
        runs = [
            texts for texts in lines.values() if any(message_id in "".join(texts) for message_id in message_ids)
        ]
        if len(runs) == len(message_ids) and all("ExecutionSucceeded" in "".join(texts) for texts in runs):
            return sum(len(text.encode()) + BYTES_PER_LINE for texts in runs for text in texts)
        time.sleep(0.5)
    raise RuntimeError("the runs did not end in time")


if __name__ == "__main__":
    run_program(main)
