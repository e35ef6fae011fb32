"""X-Ray: trace headers, segments and queries."""
