"""CloudWatch: metrics, metric maths and alarms."""
