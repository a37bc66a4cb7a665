"""The cookie of the staff and the session behind it."""

from __future__ import annotations

from flask import Response, after_this_request, g, request

from crm_core.access.principal import ANONYMOUS, Principal, system
from crm_core.service import identity
from crm_core.service.identity import NewSession, SessionInfo
from crm_core.settings import Settings

__all__ = ["cookie_name", "forget_cookie", "identify", "set_cookie"]


def cookie_name(settings: Settings, audience: str = "staff") -> str:
    """The name of the cookie: bound to this host wherever the site is reached over https."""
    return f"__Host-crm_{audience}" if _secure(settings) else f"crm_{audience}"


def identify() -> None:
    """Find out who asks: sets ``g.actor`` and ``g.session_info``; without a cookie nothing is looked up."""
    value = request.cookies.get(cookie_name(g.crm.settings))
    if not value:
        return
    with g.crm.reading(ANONYMOUS) as session:
        found = identity.load_session(session, value)
    if found is None:
        return
    g.actor, g.session_info = found
    if found[1].stale:
        _note_use(g.actor, found[1])


def set_cookie(response: Response, settings: Settings, new: NewSession) -> Response:
    """Hand the session to the browser."""
    response.set_cookie(
        cookie_name(settings),
        new.cookie_value,
        expires=new.expires_at,
        httponly=True,
        secure=_secure(settings),
        samesite="Lax",
        path="/",
    )
    return response


def forget_cookie(response: Response, settings: Settings) -> Response:
    """Take the cookie away."""
    response.delete_cookie(cookie_name(settings), httponly=True, secure=_secure(settings), samesite="Lax", path="/")
    return response


def _secure(settings: Settings) -> bool:
    return settings.base_url.startswith("https:")


def _note_use(actor: Principal, info: SessionInfo) -> None:
    """Write down that the session lives, after the answer has gone out."""
    crm = g.crm

    def touch() -> None:
        with crm.writing(system("last use of a session"), origin="ui") as session:
            identity.touch(session, info.id)

    @after_this_request
    def later(response: Response) -> Response:
        response.call_on_close(touch)
        return response
