"""Compare what the archived events lead to with what the tables hold."""
