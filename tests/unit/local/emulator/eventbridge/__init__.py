"""Additions to EventBridge."""
