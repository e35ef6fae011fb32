"""The environment of a function's processes."""

from local.emulator.lambda_.function_invocations import rewrite_hosts


def test_only_execute_api_hosts_are_rewritten():
    """In a function's environment, they become addresses of the emulator; other addresses are unchanged."""
    before = "https://abc.execute-api.us-east-1.amazonaws.com/socket"
    assert rewrite_hosts(before, 4566) == "http://127.0.0.1:4566/_aws/execute-api/abc/socket"
    other = "https://sqs.us-east-1.amazonaws.com/0/q"
    assert rewrite_hosts(other, 4566) == other
