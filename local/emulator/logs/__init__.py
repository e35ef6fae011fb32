"""CloudWatch Logs: log groups and filter patterns."""
