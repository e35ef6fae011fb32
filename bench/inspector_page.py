"""An inspector that is open, as far as the stage can tell: reads the live stream until its input ends, and counts.

A process of its own, as a browser's tab is one: `bench.tracing_overhead` measures others meanwhile. It takes the
stream's address and an ID token as two lines on its input, says `open` when the stream is, and the counts at the
end.
"""

import json
import sys
import threading

import httpx


def main() -> None:
    """Read, count, and tell."""
    address, token = sys.stdin.readline().strip(), sys.stdin.readline().strip()
    counts = {"events": 0, "runs": 0}
    threading.Thread(target=read, args=(address, token, counts), daemon=True).start()
    sys.stdin.read()
    print(json.dumps(counts), flush=True)


def read(address: str, token: str, counts: dict[str, int]) -> None:
    """Count what the stream tells of, as it comes."""
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
