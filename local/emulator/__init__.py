"""MiniStack, with what it lacks of AWS added from outside: one small, named module per addition.

Nothing here knows the chat. Each module says what AWS does, which function of MiniStack it replaces and why;
`patching` refuses to start on any other version of MiniStack than the one they were written against.
"""
