"""Writes the contract's documents from the typed models: JSON Schema, AsyncAPI, and the UI's types."""
