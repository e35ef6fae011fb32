"""Lambda handlers, one trigger per module, and the entry points of the HTTP and WebSocket APIs."""
