"""EventBridge: delivery to targets, and archives."""
