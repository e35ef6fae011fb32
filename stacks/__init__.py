"""The infrastructure, one file per stack. `stage` has the settings, `chat_function` and `uses` the functions."""
