"""Lambda: invocations, aliases, execution environments, and the process that runs a handler."""
