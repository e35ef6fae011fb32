"""Use cases that need several adapters: membership, registration, presence, disconnection, sign-out."""
