"""The operators' tools: what needs no stage."""
