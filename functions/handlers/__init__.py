"""One trigger a module: parse, decide, publish, answer."""
