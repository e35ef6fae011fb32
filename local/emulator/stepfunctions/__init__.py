"""Step Functions: executions, their expressions, tasks and history."""
