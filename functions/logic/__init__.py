"""Use cases over several adapters: membership, registration, presence, broadcast, disconnection, sign-out."""
