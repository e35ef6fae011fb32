"""Generates documents from the typed models: JSON Schema, AsyncAPI, OpenAPI, Markdown pages and the UI's types."""
