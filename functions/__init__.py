"""The code that runs in Lambda: handlers → logic → aws (adapters) → chat (pure rules) → contract."""
