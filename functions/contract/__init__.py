"""What goes over a wire: events, commands, frames, resources, routes, errors and their pydantic models."""
