"""Persistence: saving the emulator's state, and a journal of the changes since the last save."""
