"""A deployed or local stage: its outputs, users, logs and tables."""
