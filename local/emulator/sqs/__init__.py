"""SQS: event source mappings."""
