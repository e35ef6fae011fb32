"""Everything that runs in Lambda: handlers over a pure domain (chat), with AWS at the edge (aws)."""
