"""MiniStack, and the additions that make it behave as AWS does: one module each, grouped by AWS service.

Nothing here depends on the chat. The docstring of each addition states what AWS does, what MiniStack does, and
what the addition does. `patching` rejects any other version of MiniStack than the one that the additions were
written for.
"""
