"""Lambda: invocations, execution environments, and the process that runs a handler."""
