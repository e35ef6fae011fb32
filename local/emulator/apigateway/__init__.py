"""API Gateway: WebSocket APIs."""
