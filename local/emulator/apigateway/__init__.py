"""API Gateway's WebSocket APIs."""
