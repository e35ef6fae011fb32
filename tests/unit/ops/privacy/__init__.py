"""Tests of `ops.privacy`."""
