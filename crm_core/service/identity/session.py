"""Sessions of browsers: rows of the database, so that they can be ended from anywhere at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from crm_core.access.load import access_generation, cached_principal
from crm_core.access.principal import Principal
from crm_core.db.base import now
from crm_core.errors import NotFound
from crm_core.model import Setting, SignInSession, Token, User
from crm_core.service.secret import digest, new_secret

__all__ = [
    "NewSession",
    "SessionInfo",
    "forget_ended",
    "load_session",
    "open_session",
    "revoke_all",
    "revoke_session",
    "sessions_of",
    "sign_out",
    "touch",
]

IDLE_MINUTES, ABSOLUTE = 480, timedelta(days=30)
"""How long a session may rest unless the firm sets ``core.idle_minutes``, and how long it lives at most."""
SEEN_EVERY = timedelta(minutes=1)
_USERS, _SESSIONS, _TOKENS, _SETTINGS = User.__table__, SignInSession.__table__, Token.__table__, Setting.__table__


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session that has just begun: the value for the cookie is known only now."""

    cookie_value: str
    csrf: str
    user_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """What the shell needs of a session; ``stale`` says that its last use should be noted."""

    id: str
    csrf: str
    stale: bool


_IDLE = select(_SETTINGS.c.value).where(_SETTINGS.c.key == "core.idle_minutes").scalar_subquery()
_LOAD = (
    select(_SESSIONS.c.user_id, _SESSIONS.c.csrf, _SESSIONS.c.seen_at, access_generation(), _IDLE)
    .join(_USERS, _USERS.c.id == _SESSIONS.c.user_id)
    .where(
        _SESSIONS.c.id == bindparam("session"),
        _SESSIONS.c.audience == "staff",
        _SESSIONS.c.expires_at > bindparam("now", type_=_SESSIONS.c.expires_at.type),
        _USERS.c.is_active,
    )
)


def open_session(session: Session, user_id: str, address: str | None, agent: str | None) -> NewSession:
    """Begin a session for a user who has proved who they are."""
    moment = now()
    new = NewSession(cookie_value=new_secret(), csrf=new_secret(), user_id=user_id, expires_at=moment + ABSOLUTE)
    row = {
        "id": digest(new.cookie_value),
        "user_id": user_id,
        "csrf": new.csrf,
        "created_at": moment,
        "seen_at": moment,
        "expires_at": new.expires_at,
        "address": address,
        "agent": (agent or "")[:200],
    }
    session.execute(insert(_SESSIONS), row)
    return new


def load_session(session: Session, cookie_value: str) -> tuple[Principal, SessionInfo] | None:
    """Who a cookie belongs to, and its session; ``None`` for one that is unknown, over or withdrawn."""
    moment, key = now(), digest(cookie_value)
    row = session.execute(_LOAD, {"session": key, "now": moment}).first()
    if row is None:
        return None
    user_id, csrf, seen_at, generation, idle = row
    rested = moment - seen_at
    if rested > timedelta(minutes=idle or IDLE_MINUTES):
        return None
    return cached_principal(session, user_id, generation), SessionInfo(id=key, csrf=csrf, stale=rested > SEEN_EVERY)


def touch(session: Session, session_id: str) -> None:
    """Note that a session was used just now, unless another request has noted it."""
    moment = now()
    due = (_SESSIONS.c.id == session_id) & (_SESSIONS.c.seen_at < moment - SEEN_EVERY)
    session.execute(update(_SESSIONS).where(due).values(seen_at=moment))


def sign_out(session: Session, session_id: str) -> None:
    """End a session."""
    session.execute(delete(_SESSIONS).where(_SESSIONS.c.id == session_id))


def sessions_of(session: Session, user_id: str) -> list[dict[str, Any]]:
    """The sessions of a user that can still be used, the one used last first."""
    moment, idle = now(), session.execute(select(_IDLE)).scalar() or IDLE_MINUTES
    columns = [_SESSIONS.c[name] for name in ("id", "created_at", "seen_at", "address", "agent")]
    statement = select(*columns).where(
        _SESSIONS.c.user_id == user_id,
        _SESSIONS.c.expires_at > moment,
        _SESSIONS.c.seen_at > moment - timedelta(minutes=idle),
    )
    return [dict(row) for row in session.execute(statement.order_by(_SESSIONS.c.seen_at.desc())).mappings()]


def revoke_session(session: Session, user_id: str, session_id: str) -> None:
    """End one of a user's sessions. Raises ``NotFound`` for another's."""
    mine = (_SESSIONS.c.id == session_id) & (_SESSIONS.c.user_id == user_id)
    if session.execute(delete(_SESSIONS).where(mine).returning(_SESSIONS.c.id)).scalar() is None:
        raise NotFound


def revoke_all(session: Session, user_id: str, *, but: str | None = None, tokens: bool = False) -> None:
    """End all sessions of a user, but one; with ``tokens`` also those of programs, and links that were not used."""
    kept = [_SESSIONS.c.id != but] if but else []
    session.execute(delete(_SESSIONS).where(_SESSIONS.c.user_id == user_id, *kept))
    if tokens:
        session.execute(delete(_TOKENS).where(_TOKENS.c.user_id == user_id))


def forget_ended(session: Session) -> int:
    """Remove sessions, tokens and links that can no longer be used; gives their number."""
    moment, removed = now(), 0
    for table in (_SESSIONS, _TOKENS):
        done = delete(table).where(table.c.expires_at < moment).returning(table.c.id)
        removed += len(session.execute(done).all())
    return removed
