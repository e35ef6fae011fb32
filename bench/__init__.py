"""Figures, measured and printed; no test asserts them."""
