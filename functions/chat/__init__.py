"""The rules of the chat, as pure functions: no AWS calls, no I/O, no clock."""
