"""Step Functions executions."""
