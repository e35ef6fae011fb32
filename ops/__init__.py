"""Operator tools. They find a stage by its stack outputs, and use AWS APIs and the chat's public contract only."""
