"""Saving the emulator's state and journaling what was acknowledged since."""
