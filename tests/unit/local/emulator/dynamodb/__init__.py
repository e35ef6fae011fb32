"""Additions to DynamoDB."""
