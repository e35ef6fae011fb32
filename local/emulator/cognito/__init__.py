"""Cognito: the tokens of user pools, and their revocation."""
