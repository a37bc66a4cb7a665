"""Sessions of the one who calls: known by a bearer token, or by the cookie of a signed-in browser."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from flask import g, request
from sqlalchemy.orm import Session

from crm_core.access.principal import ANONYMOUS, Principal
from crm_core.runtime import Crm
from crm_core.service import identity
from crm_core.text import Msg, messages
from crm_web.api.problem import Fault

__all__ = ["caller_of", "reading", "writing"]

_ = messages("web")
_CHALLENGE = 'Bearer realm="crm"'
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_TOKEN = 200


@contextlib.contextmanager
def reading(crm: Crm) -> Iterator[Session]:
    """A session of the caller that cannot write. Raises ``Fault`` (401) for a caller whom nobody knows.

    Who calls is asked on the same connection as what is called for.
    """
    with crm.reading(ANONYMOUS, request=g.get("request_id")) as session:
        session.info["actor"] = caller_of(session)
        yield session


@contextlib.contextmanager
def writing(crm: Crm) -> Iterator[Session]:
    """One transaction of the caller. Strangers are turned away before it begins: they hold up no writer."""
    with crm.reading(ANONYMOUS) as session:
        actor = caller_of(session)
    with crm.writing(actor, origin="api", request=g.get("request_id")) as session:
        yield session


def caller_of(session: Session) -> Principal:
    """Who sends the request; also kept in ``g.actor``. Raises ``Fault`` (401)."""
    header = request.headers.get("Authorization")
    actor = _by_token(session, header) if header is not None else _by_cookie()
    g.actor = actor
    return actor


def _by_token(session: Session, header: str) -> Principal:
    scheme, _space, secret = header.partition(" ")
    if scheme.lower() != "bearer":
        raise _unknown(_("Sign in with Authorization: Bearer and a token."), _CHALLENGE)
    actor = identity.load_token(session, secret.strip()) if len(secret) <= MAX_TOKEN else None
    if actor is None:
        message = _("The token is unknown, was withdrawn, or has expired.")
        raise _unknown(message, f'{_CHALLENGE}, error="invalid_token"')
    return actor


def _by_cookie() -> Principal:
    """A browser that is signed in; a change also needs the proof that a page of ours asked for it."""
    # The pages' sign-in is not needed by programs, which bring a token.
    from crm_web.auth.csrf import check_csrf
    from crm_web.auth.session import identify

    identify()
    actor: Principal = g.actor
    if actor.kind == "anonymous":
        raise _unknown(_("Sign in with Authorization: Bearer and a token."), _CHALLENGE)
    if request.method not in _SAFE:
        check_csrf()
    return actor


def _unknown(message: Msg, challenge: str) -> Fault:
    hint = _("Create a token in your profile.")
    return Fault("unauthorized", message, hint=hint, headers={"WWW-Authenticate": challenge})
