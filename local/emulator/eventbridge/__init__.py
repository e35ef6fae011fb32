"""EventBridge: delivery to targets, archives, rules and their metrics."""
