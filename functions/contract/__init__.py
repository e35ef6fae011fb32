"""Everything sent over a wire, as pydantic models: events, commands, frames, resources, routes, errors."""
