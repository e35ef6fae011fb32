"""The documents, and what generates those that are not written by hand."""
