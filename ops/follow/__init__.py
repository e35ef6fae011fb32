"""One message through the system: its runs, posts, latency, traces and queues, in one report."""
