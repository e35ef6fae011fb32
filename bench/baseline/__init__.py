"""The direct design, to compare with: one function stores a message, scans all connections and posts to each."""
