"""Replay archived events: compare with what is stored, restore what is missing, post again."""
