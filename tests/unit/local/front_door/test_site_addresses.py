"""Replacing AWS's addresses, in what a deployment wrote for browsers, by the local stage's."""

import json

from local.front_door.site_addresses import SiteAddresses, policy_headers

ADDRESSES = SiteAddresses("http://localhost:4280", 4566)


def test_config_contains_the_emulators_socket_and_the_front_doors_sign_in():
    """The authority stays, because tokens contain it; values that are not addresses stay too."""
    config = {
        "websocketUrl": "wss://abc123.execute-api.us-east-1.amazonaws.com/socket",
        "auth": {
            "authority": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x",
            "tokenEndpoint": "https://parley-local.auth.us-east-1.amazoncognito.com/oauth2/token",
        },
        "inspector": True,
    }
    rewritten = json.loads(ADDRESSES.rewrite_config(json.dumps(config).encode()))
    assert rewritten["websocketUrl"] == "ws://127.0.0.1:4566/_aws/execute-api/abc123/socket"
    assert rewritten["auth"]["authority"] == config["auth"]["authority"]  # type: ignore[index]
    assert rewritten["auth"]["tokenEndpoint"] == "http://localhost:4280/oauth2/token"
    assert rewritten["inspector"] is True


def test_a_policy_allows_the_local_hosts_and_does_not_require_tls():
    """Sources by host or wildcard are replaced: those of sockets, APIs, sign-in and user pools."""
    policy = (
        "default-src 'self'; upgrade-insecure-requests; connect-src 'self' "
        "wss://abc123.execute-api.us-east-1.amazonaws.com wss://*.execute-api.eu-west-1.amazonaws.com "
        "https://cognito-idp.us-east-1.amazonaws.com https://x-y.auth.us-east-1.amazoncognito.com"
    )
    rewritten = ADDRESSES.rewrite_headers(
        {"Content-Security-Policy": policy, "Strict-Transport-Security": "max-age=1", "X-Frame-Options": "DENY"}
    )
    assert rewritten == {
        "Content-Security-Policy": "default-src 'self'; connect-src 'self' ws://127.0.0.1:4566 "
        "ws://127.0.0.1:4566 http://localhost:4280 http://localhost:4280",
        "X-Frame-Options": "DENY",
    }


def test_a_response_headers_policy_is_converted_to_headers():
    """Every security header that CloudFront can set, and custom headers."""
    config = {
        "SecurityHeadersConfig": {
            "ContentSecurityPolicy": {"Override": True, "ContentSecurityPolicy": "default-src 'self'"},
            "ContentTypeOptions": {"Override": True},
            "FrameOptions": {"Override": True, "FrameOption": "DENY"},
            "ReferrerPolicy": {"Override": True, "ReferrerPolicy": "no-referrer"},
            "StrictTransportSecurity": {"AccessControlMaxAgeSec": 60, "IncludeSubdomains": True},
            "XSSProtection": {"Protection": True, "ModeBlock": True},
        },
        "CustomHeadersConfig": {"Items": [{"Header": "Permissions-Policy", "Value": "camera=()"}]},
    }
    assert policy_headers(config) == {
        "Content-Security-Policy": "default-src 'self'",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Strict-Transport-Security": "max-age=60; includeSubDomains",
        "X-XSS-Protection": "1; mode=block",
        "Permissions-Policy": "camera=()",
    }
