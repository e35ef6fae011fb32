"""What goes over a wire, as pydantic models (events, commands, frames, resources, errors), and rows of tables."""
