"""Adapters: one AWS service or DynamoDB table per module, and what they share (clients, tracing, concurrency)."""
