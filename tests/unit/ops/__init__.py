"""Unit tests of the operator tools that need no stage."""
