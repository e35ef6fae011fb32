"""Events on the bus: parse, filter, read from the archive, order, export, follow live, and project to state."""
