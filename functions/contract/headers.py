"""The headers of every response of the REST API, whoever answers: the function, or API Gateway before it."""

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    # The distribution sets these too; whoever calls the API by its own host gets them all the same.
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
