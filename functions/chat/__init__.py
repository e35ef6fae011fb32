"""The domain, pure: what a chat is and may do. No AWS, no clock of its own, no I/O."""
