"""Lambda handlers, one trigger per module, and the entry points of the REST and WebSocket APIs."""
