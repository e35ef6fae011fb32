"""CloudWatch Logs: log groups, filter patterns, and pages of results."""
