"""The inspector's HTTP API over `ops`: authentication, queries and the live feed."""
