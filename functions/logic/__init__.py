"""Use cases over several adapters: membership, registration, presence, disconnection, sign-out, user limits."""
