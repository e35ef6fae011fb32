"""The infrastructure, one file per stack. `stage` says what a stage is, `chat_function` how functions are made."""
