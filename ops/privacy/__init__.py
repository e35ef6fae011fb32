"""A person's data: everything that they wrote, exported to a file or erased."""
