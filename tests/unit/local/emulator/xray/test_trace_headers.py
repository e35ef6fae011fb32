"""X-Ray's trace headers are parsed and written."""

from local.emulator.xray import trace_headers

ROOT = "1-67000000-0123456789abcdef01234567"


def test_a_trace_header_is_parsed_and_written():
    """Its parts may be in any order; without `Sampled` the trace is recorded."""
    parsed = trace_headers.parse(f"Sampled=0;Root={ROOT};Parent=0123456789abcdef;Lineage=a:1")
    assert parsed == trace_headers.TraceHeader(ROOT, "0123456789abcdef", sampled=False)
    assert str(parsed) == f"Root={ROOT};Parent=0123456789abcdef;Sampled=0"
    assert trace_headers.parse(f"Root={ROOT}") == trace_headers.TraceHeader(ROOT, None, sampled=True)
    assert trace_headers.parse("nonsense") is None
    assert trace_headers.parse(str(trace_headers.new_trace())) is not None
