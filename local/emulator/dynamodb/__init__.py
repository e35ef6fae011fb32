"""DynamoDB: the parsing of expressions, and the memory of items."""
