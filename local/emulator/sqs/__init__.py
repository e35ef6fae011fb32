"""SQS event source mappings."""
