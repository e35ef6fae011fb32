"""Cognito: the tokens of user pools."""
