"""Replace AWS's addresses, in what a deployment wrote for browsers, by those of the local stage."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EXECUTE_API_SOCKET = re.compile(r"wss://([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com")
EXECUTE_API = re.compile(r"https://([a-z0-9*]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com")
SIGN_IN = re.compile(r"https://[a-z0-9*-]+\.auth\.[a-z0-9-]+\.amazoncognito\.com")
USER_POOLS = re.compile(r"https://cognito-idp\.[a-z0-9-]+\.amazonaws\.com")


@dataclass(frozen=True)
class SiteAddresses:
    """The front door's origin, and the emulator's port, to which browsers open WebSockets directly."""

    origin: str
    emulator_port: int

    @property
    def socket_origin(self) -> str:
        """The origin of WebSocket URLs."""
        return f"ws://127.0.0.1:{self.emulator_port}"

    def rewrite_text(self, text: str) -> str:
        """Replace the addresses of WebSocket APIs and of the sign-in pages, anywhere in a text."""
        text = EXECUTE_API_SOCKET.sub(rf"{self.socket_origin}/_aws/execute-api/\1", text)
        return SIGN_IN.sub(self.origin, text)

    def rewrite_config(self, document: bytes, more: Mapping[str, Any] | None = None) -> bytes:
        """`config.json` with local addresses and the additional values in `more`.

        The authority stays, because tokens contain it as their issuer.
        """
        return json.dumps({**self._rewrite_values(json.loads(document)), **(more or {})}, indent=2).encode()

    def _rewrite_values(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._rewrite_values(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._rewrite_values(item) for item in value]
        return self.rewrite_text(value) if isinstance(value, str) else value

    def rewrite_policy(self, policy: str) -> str:
        """A content security policy with local sources, without `upgrade-insecure-requests` (the site is HTTP)."""
        policy = EXECUTE_API_SOCKET.sub(self.socket_origin, policy)
        policy = re.sub(r"wss://\*\.execute-api\.[a-z0-9-]+\.amazonaws\.com", self.socket_origin, policy)
        policy = SIGN_IN.sub(self.origin, USER_POOLS.sub(self.origin, EXECUTE_API.sub(self.origin, policy)))
        directives = [part.strip() for part in policy.split(";")]
        return "; ".join(part for part in directives if part and part != "upgrade-insecure-requests")

    def rewrite_headers(self, headers: dict[str, str]) -> dict[str, str]:
        """A distribution's response headers for plain HTTP: without HSTS, with the security policy rewritten."""
        rewritten = {}
        for name, value in headers.items():
            if name.lower() == "strict-transport-security":
                continue
            rewritten[name] = self.rewrite_policy(value) if name.lower() == "content-security-policy" else value
        return rewritten


def policy_headers(config: dict[str, Any]) -> dict[str, str]:
    """The headers that a CloudFront response headers policy sets; `config` is its ResponseHeadersPolicyConfig."""
    headers: dict[str, str] = {}
    security = config.get("SecurityHeadersConfig") or {}
    content = security.get("ContentSecurityPolicy")
    if content:
        headers["Content-Security-Policy"] = content["ContentSecurityPolicy"]
    if security.get("ContentTypeOptions"):
        headers["X-Content-Type-Options"] = "nosniff"
    if security.get("FrameOptions"):
        headers["X-Frame-Options"] = security["FrameOptions"]["FrameOption"]
    if security.get("ReferrerPolicy"):
        headers["Referrer-Policy"] = security["ReferrerPolicy"]["ReferrerPolicy"]
    transport = security.get("StrictTransportSecurity")
    if transport:
        parts = [f"max-age={transport['AccessControlMaxAgeSec']}"]
        parts += ["includeSubDomains"] if _is_true(transport.get("IncludeSubdomains")) else []
        parts += ["preload"] if _is_true(transport.get("Preload")) else []
        headers["Strict-Transport-Security"] = "; ".join(parts)
    protection = security.get("XSSProtection")
    if protection:
        block = "; mode=block" if _is_true(protection.get("ModeBlock")) else ""
        headers["X-XSS-Protection"] = f"{int(_is_true(protection.get('Protection')))}{block}"
    for item in ((config.get("CustomHeadersConfig") or {}).get("Items")) or []:
        headers[item["Header"]] = item["Value"]
    return headers


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"
