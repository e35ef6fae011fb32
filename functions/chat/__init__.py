"""The rules of the chat. Pure: no AWS calls, no I/O, no clock."""
