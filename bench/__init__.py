"""Measurements of latency, throughput and page loads. No test asserts their figures."""
