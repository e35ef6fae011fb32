"""Runs of the workflow `deliver`: their history, posts and dead letters, and starting new ones."""
