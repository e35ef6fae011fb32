"""DynamoDB: the parsing of expressions."""
