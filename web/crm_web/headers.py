"""Headers of every answer: what a browser may do with it, and what may be kept of it."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

__all__ = ["STATIC_HEADERS", "new_request", "secure"]

# No style or script of a page stands in the page itself; the nonce is for the few style elements of plugins.
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src-elem 'self' 'nonce-{nonce}'; style-src-attr 'none'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), payment=(), usb=()",
}
STATIC_HEADERS = {**_ALWAYS, "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox"}
_VARY = "HX-Request, Cookie, Accept-Encoding"
_HSTS = "max-age=31536000"


def new_request() -> None:
    """Gives a request its number, under which the log, the audit and an error page name it."""
    g.request_id = secrets.token_hex(8)
    g.nonce = secrets.token_urlsafe(12)


def secure(app: Flask, *, https: bool) -> None:
    """Put the headers on every answer of the app, those of failures included."""
    always = {**_ALWAYS, "Strict-Transport-Security": _HSTS} if https else _ALWAYS

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        # Added, not set: setting looks through all headers for an older one, and there is none.
        headers.extend(always)
        headers.add("X-Request-Id", g.get("request_id", ""))
        if "Content-Security-Policy" not in headers:
            headers["Content-Security-Policy"] = _CONTENT_POLICY.format(nonce=g.get("nonce", ""))
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-store"
        if "Vary" not in headers and not request.path.startswith("/healthz"):
            headers["Vary"] = _VARY
        return response
