"""Cognito: the tokens of user pools, their revocation, and usernames."""
