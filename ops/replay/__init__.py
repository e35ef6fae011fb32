"""Replay archived events: compare them with what is stored, restore what is missing, and post again."""
