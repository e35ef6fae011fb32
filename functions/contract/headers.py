"""The headers of every response of the REST API, sent by the function or by API Gateway itself."""

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    # CloudFront sets these too, but not for clients that call the API by its own host.
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
