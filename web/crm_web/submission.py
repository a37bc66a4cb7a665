"""What a form sends is done once, in one transaction, and leads on to a page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from flask import Response, g, redirect, request
from sqlalchemy.orm import Session

from crm_core.db.session import actor_of
from crm_core.service import idempotency
from crm_web.negotiate import is_htmx

__all__ = ["lead_to", "submit"]

_KEPT = ("Location", "HX-Redirect")
_NOT_HASHED = frozenset({"csrf_token", "idempotency_key"})
MAX_KEY = 255


def submit(work: Callable[[Session], Response]) -> Response:
    """Do the work of a form in one transaction and answer with its response.

    A form that is sent twice (a double click, a lost answer) gets the first answer again. Whatever ``work`` raises
    rolls everything back.
    """
    key = request.form.get("idempotency_key", "")[:MAX_KEY]
    with g.crm.writing(g.actor, origin="ui", request=g.request_id) as session:
        if not key:
            return work(session)
        principal = actor_of(session).id or ""
        replay = idempotency.begin(session, principal, key, _digest())
        if replay is not None:
            return Response(replay.body, replay.status, replay.headers)
        response = work(session)
        kept = {name: response.headers[name] for name in _KEPT if name in response.headers}
        idempotency.finish(session, principal, key, response.status_code, kept, response.get_data(as_text=True))
        return response


def lead_to(path: str) -> Response:
    """The answer that brings the browser to a page, from a plain form and from one in a dialog alike."""
    if is_htmx():
        return Response("", 200, {"HX-Redirect": path})
    response: Response = redirect(path, 303)  # type: ignore[assignment]
    return response


def _digest() -> str:
    """What must be the same when the key is: the address and everything that was filled in."""
    content = hashlib.sha256(request.path.encode())
    for name, value in sorted(request.form.items(multi=True)):
        if name not in _NOT_HASHED:
            content.update(f"\0{name}\0{value}".encode())
    for name, upload in sorted(request.files.items(multi=True)):
        content.update(f"\0{name}\0{upload.filename}".encode())
    return content.hexdigest()
