"""The proof that a page of ours asked for a change: a token, and where the browser says it comes from.

Signed in, the token belongs to the session; before that it equals a cookie that only this site can set.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from flask import Response, after_this_request, g, request
from werkzeug.exceptions import BadRequest

from crm_core.settings import Settings

__all__ = ["check_csrf", "csrf_token"]

_COOKIE = "crm_form"


def csrf_token() -> str:
    """The token for the forms of this answer."""
    if g.session_info is not None:
        token: str = g.session_info.csrf
        return token
    known = request.cookies.get(_name(g.crm.settings)) or g.get("form_token")
    if known:
        return str(known)
    g.form_token = secrets.token_urlsafe(24)
    after_this_request(_set_cookie)
    return str(g.form_token)


def check_csrf() -> None:
    """Refuse (400) a change that another site made the browser send."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise BadRequest
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise BadRequest
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token") or ""
    expected = g.session_info.csrf if g.session_info is not None else request.cookies.get(_name(g.crm.settings), "")
    if not expected or not hmac.compare_digest(given.encode(), str(expected).encode()):
        raise BadRequest


def _name(settings: Settings) -> str:
    return f"__Host-{_COOKIE}" if settings.base_url.startswith("https:") else _COOKIE


def _set_cookie(response: Response) -> Response:
    settings = g.crm.settings
    secure = settings.base_url.startswith("https:")
    response.set_cookie(_name(settings), g.form_token, httponly=True, secure=secure, samesite="Lax", path="/")
    return response
