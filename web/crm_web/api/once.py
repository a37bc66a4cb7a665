"""Requests that must not be done twice: the same ``Idempotency-Key`` gives the same answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from flask import Response, request
from sqlalchemy.orm import Session

from crm_core.db.session import actor_of
from crm_core.service import idempotency
from crm_core.text import messages
from crm_web.api.problem import Fault

__all__ = ["once"]

_ = messages("web")
MAX_KEY = 255
_KEPT = ("Location", "ETag", "Content-Type")


def once(session: Session, work: Callable[[], Response]) -> Response:
    """Do the work and keep its answer in the same transaction; answer a repetition with what was kept.

    Without the header the work is simply done. Raises ``Fault`` (400) for a key that is none, ``Busy`` while the
    first request is still running, ``Invalid`` when the key was used for another request.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return work()
    if not key or len(key) > MAX_KEY or not key.isascii() or not key.isprintable():
        raise Fault("bad-request", _("An Idempotency-Key has 1 to %(most)s printable ASCII characters.", most=MAX_KEY))
    principal = actor_of(session).id or ""
    replay = idempotency.begin(session, principal, key, _digest())
    if replay is not None:
        return Response(replay.body, replay.status, {**replay.headers, "Idempotent-Replayed": "true"})
    response = work()
    kept = {name: response.headers[name] for name in _KEPT if name in response.headers}
    idempotency.finish(session, principal, key, response.status_code, kept, response.get_data(as_text=True))
    return response


def _digest() -> str:
    """What must be the same when the key is: method, address and body."""
    content = b"\0".join((request.method.encode(), request.full_path.encode(), request.get_data()))
    return hashlib.sha256(content).hexdigest()
