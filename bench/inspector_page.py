"""Simulates an open inspector: reads the live stream until its standard input ends, and counts events and runs.

It runs in its own process, as a browser's tab does, while `bench.tracing_overhead` measures. It reads the stream's
address and an ID token as two lines of its input, prints `open` when the stream is open, and the counts at the
end.
"""

import json
import sys
import threading

import httpx


def main() -> None:
    """Read the stream until the input ends, and print the counts as JSON."""
    address, token = sys.stdin.readline().strip(), sys.stdin.readline().strip()
    counts = {"events": 0, "runs": 0}
    threading.Thread(target=read, args=(address, token, counts), daemon=True).start()
    sys.stdin.read()
    print(json.dumps(counts), flush=True)


def read(address: str, token: str, counts: dict[str, int]) -> None:
    """Count the events and runs of the stream."""
    with (
        httpx.Client(trust_env=False, timeout=30) as http,
        http.stream("GET", address, headers={"Authorization": token}) as stream,
    ):
        stream.raise_for_status()
        print("open", flush=True)
        for line in stream.iter_lines():
            counts["events"] += line == "event: event"
            counts["runs"] += line == "event: run"


if __name__ == "__main__":
    main()
