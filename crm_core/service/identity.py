"""Who signs in: sessions of browsers, tokens of programs, links that work once.

Only hashes of secrets are stored. Loading a session or a token is one statement; the rights behind it
are kept in the process until they change anywhere (``access.load``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from crm_core.access.load import access_generation, cached_principal
from crm_core.access.principal import Principal
from crm_core.db.base import new_id, now
from crm_core.errors import Invalid, NotFound, Problem, Refused
from crm_core.model import Credential, SecurityEvent, SignInSession, Token, User
from crm_core.service import throttle
from crm_core.service.password import check_password
from crm_core.service.secret import digest, hash_password, new_secret, verify_password
from crm_core.text import messages

__all__ = [
    "NewSession",
    "SessionInfo",
    "change_password",
    "create_link",
    "create_token",
    "load_session",
    "load_token",
    "note",
    "open_session",
    "revoke_all",
    "revoke_session",
    "revoke_token",
    "sessions_of",
    "set_password",
    "sign_in",
    "sign_out",
    "tokens_of",
    "touch",
    "use_link",
]

_ = messages("core")

IDLE, ABSOLUTE = timedelta(hours=8), timedelta(days=30)
LINK_HOURS = {"invite": 72, "reset": 1, "setup": 24}
SEEN_EVERY = timedelta(minutes=1)
_USERS, _SESSIONS, _TOKENS = User.__table__, SignInSession.__table__, Token.__table__


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session that has just begun: the value for the cookie is known only now."""

    cookie_value: str
    user_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """What the shell needs of a session; ``stale`` says that its last use should be noted."""

    id: str
    csrf: str
    stale: bool


_LOAD_SESSION = (
    select(_SESSIONS.c.user_id, _SESSIONS.c.csrf, _SESSIONS.c.seen_at, access_generation())
    .join(_USERS, _USERS.c.id == _SESSIONS.c.user_id)
    .where(
        _SESSIONS.c.id == bindparam("session"),
        _SESSIONS.c.audience == "staff",
        _SESSIONS.c.expires_at > bindparam("now", type_=_SESSIONS.c.expires_at.type),
        _SESSIONS.c.seen_at > bindparam("idle", type_=_SESSIONS.c.seen_at.type),
        _USERS.c.is_active,
    )
)
_LOAD_TOKEN = (
    select(_TOKENS.c.user_id, _TOKENS.c.expires_at, access_generation())
    .join(_USERS, _USERS.c.id == _TOKENS.c.user_id)
    .where(_TOKENS.c.hash == bindparam("hash"), _TOKENS.c.kind == "api", _USERS.c.is_active)
)


def sign_in(
    session: Session, login: str, password: str, address: str | None, agent: str | None
) -> NewSession | Refused:
    """Check a password; gives the new session, or why it is refused.

    The refusal is returned, not raised, so that the caller's transaction commits the counted failure.
    An unknown login takes as long and reads the same as a wrong password.
    """
    login = login.strip().lower()[:120]
    keys = [f"account:{login}", f"address:{address}"]
    if throttle.blocked_until(session, keys) is not None:
        return Refused(_("Too many attempts."), hint=_("Wait a few minutes and try again."))
    found = session.execute(
        select(_USERS.c.id, Credential.__table__.c.secret)
        .outerjoin(
            Credential.__table__,
            (Credential.__table__.c.user_id == _USERS.c.id) & (Credential.__table__.c.kind == "password"),
        )
        .where(_USERS.c.login == login, _USERS.c.is_active)
    ).first()
    if not verify_password(found.secret if found else None, password):
        throttle.count_failure(session, keys)
        note(session, "sign_in_failed", found.id if found else None, address, login=login)
        return Refused(_("Login or password is wrong."), hint=_("Check the keyboard layout and Caps Lock."))
    throttle.forget_failures(session, keys[0])
    note(session, "signed_in", found.id if found else None, address)
    return open_session(session, str(found.id if found else ""), address, agent)


def open_session(session: Session, user_id: str, address: str | None, agent: str | None) -> NewSession:
    """Begin a session for a user who has proved who they are."""
    value, moment = new_secret(), now()
    row = {
        "id": digest(value),
        "user_id": user_id,
        "csrf": new_secret(),
        "created_at": moment,
        "seen_at": moment,
        "expires_at": moment + ABSOLUTE,
        "address": address,
        "agent": (agent or "")[:200],
    }
    session.execute(insert(_SESSIONS), row)
    return NewSession(cookie_value=value, user_id=user_id, expires_at=moment + ABSOLUTE)


def load_session(session: Session, cookie_value: str) -> tuple[Principal, SessionInfo] | None:
    """Who a cookie belongs to, and its session; ``None`` for one that is unknown, over or withdrawn."""
    moment, key = now(), digest(cookie_value)
    row = session.execute(_LOAD_SESSION, {"session": key, "now": moment, "idle": moment - IDLE}).first()
    if row is None:
        return None
    user_id, csrf, seen_at, generation = row
    info = SessionInfo(id=key, csrf=csrf, stale=moment - seen_at > SEEN_EVERY)
    return cached_principal(session, user_id, generation), info


def touch(session: Session, session_id: str) -> None:
    """Note that a session was used just now."""
    session.execute(update(_SESSIONS).where(_SESSIONS.c.id == session_id).values(seen_at=now()))


def sign_out(session: Session, session_id: str) -> None:
    """End a session."""
    session.execute(delete(_SESSIONS).where(_SESSIONS.c.id == session_id))


def sessions_of(session: Session, user_id: str) -> list[dict[str, Any]]:
    """The open sessions of a user, the one used last first."""
    columns = [_SESSIONS.c[name] for name in ("id", "created_at", "seen_at", "address", "agent")]
    statement = select(*columns).where(_SESSIONS.c.user_id == user_id, _SESSIONS.c.expires_at > now())
    return [dict(row) for row in session.execute(statement.order_by(_SESSIONS.c.seen_at.desc())).mappings()]


def revoke_session(session: Session, user_id: str, session_id: str) -> None:
    """End one of a user's sessions. Raises ``NotFound`` for another's."""
    mine = (_SESSIONS.c.id == session_id) & (_SESSIONS.c.user_id == user_id)
    if session.execute(delete(_SESSIONS).where(mine).returning(_SESSIONS.c.id)).scalar() is None:
        raise NotFound


def revoke_all(session: Session, user_id: str, *, but: str | None = None, tokens: bool = False) -> None:
    """End all sessions of a user, but one; with ``tokens`` also those of programs."""
    kept = [_SESSIONS.c.id != but] if but else []
    session.execute(delete(_SESSIONS).where(_SESSIONS.c.user_id == user_id, *kept))
    if tokens:
        session.execute(delete(_TOKENS).where(_TOKENS.c.user_id == user_id))


def create_token(session: Session, user_id: str | None, name: str, days: int | None = None) -> str:
    """A new token for programs; it is shown once and never again. Without ``days`` it does not expire."""
    secret, moment = new_secret("crm_"), now()
    row = {
        "id": new_id(),
        "kind": "api",
        "user_id": user_id,
        "name": name.strip()[:80],
        "hash": digest(secret),
        "created_at": moment,
        "expires_at": moment + timedelta(days=days) if days else None,
    }
    session.execute(insert(_TOKENS), row)
    note(session, "token_created", user_id, None, name=row["name"])
    return secret


def load_token(session: Session, secret: str) -> Principal | None:
    """Who a token of the API belongs to; ``None`` for one that is unknown, over or withdrawn."""
    row = session.execute(_LOAD_TOKEN, {"hash": digest(secret)}).first()
    if row is None or (row[1] is not None and row[1] <= now()):
        return None
    return cached_principal(session, row[0], row[2])


def tokens_of(session: Session, user_id: str) -> list[dict[str, Any]]:
    """The tokens of a user, without their secrets."""
    columns = [_TOKENS.c[name] for name in ("id", "name", "created_at", "expires_at")]
    statement = select(*columns).where(_TOKENS.c.user_id == user_id, _TOKENS.c.kind == "api")
    return [dict(row) for row in session.execute(statement.order_by(_TOKENS.c.created_at.desc())).mappings()]


def revoke_token(session: Session, user_id: str, token_id: str) -> None:
    """Withdraw one of a user's tokens. Raises ``NotFound`` for another's."""
    mine = (_TOKENS.c.id == token_id) & (_TOKENS.c.user_id == user_id)
    if session.execute(delete(_TOKENS).where(mine).returning(_TOKENS.c.id)).scalar() is None:
        raise NotFound
    note(session, "token_revoked", user_id, None)


def create_link(session: Session, kind: str, user_id: str | None) -> str:
    """The secret of a link that works once: ``invite`` and ``reset`` for a user, ``setup`` for the first one.

    An earlier link of the kind stops working.
    """
    same = (_TOKENS.c.kind == kind) & (_TOKENS.c.user_id == user_id if user_id else _TOKENS.c.user_id.is_(None))
    session.execute(delete(_TOKENS).where(same))
    secret, moment = new_secret(), now()
    hours = timedelta(hours=LINK_HOURS[kind])
    row = {
        "id": new_id(),
        "kind": kind,
        "user_id": user_id,
        "hash": digest(secret),
        "created_at": moment,
        "expires_at": moment + hours,
    }
    session.execute(insert(_TOKENS), row)
    return secret


def use_link(session: Session, kind: str, secret: str, *, consume: bool = True) -> str | None:
    """The user id of a link (``None`` for ``setup``); it stops working. Raises ``NotFound`` for any other."""
    statement = select(_TOKENS.c.id, _TOKENS.c.user_id).where(
        _TOKENS.c.hash == digest(secret), _TOKENS.c.kind == kind, _TOKENS.c.expires_at > now()
    )
    row = session.execute(statement.with_for_update()).first() if consume else session.execute(statement).first()
    if row is None:
        raise NotFound
    if consume:
        session.execute(delete(_TOKENS).where(_TOKENS.c.id == row.id))
    return str(row.user_id) if row.user_id else None


def set_password(session: Session, user_id: str, password: str) -> None:
    """Give a user a new password; all their sessions end. Raises ``Invalid`` for a weak one."""
    user = session.execute(select(_USERS.c.login, _USERS.c.name).where(_USERS.c.id == user_id)).one()
    check_password(password, login=user.login, name=user.name)
    credentials = Credential.__table__
    session.execute(delete(credentials).where(credentials.c.user_id == user_id, credentials.c.kind == "password"))
    row = {"id": new_id(), "user_id": user_id, "kind": "password", "secret": hash_password(password)}
    session.execute(insert(credentials), row)
    revoke_all(session, user_id)
    note(session, "password_set", user_id, None)


def change_password(session: Session, user_id: str, current: str, password: str) -> None:
    """A user changes their own password. Raises ``Invalid`` when the current one is wrong or the new one weak."""
    credentials = Credential.__table__
    stored = session.execute(
        select(credentials.c.secret).where(credentials.c.user_id == user_id, credentials.c.kind == "password")
    ).scalar()
    if not verify_password(stored, current):
        problem = Problem(id="core.wrong_password", message=_("The current password is wrong."), field="current")
        raise Invalid([problem])
    set_password(session, user_id, password)


def note(session: Session, kind: str, user_id: str | None, address: str | None, **detail: Any) -> None:
    """Write a line of the log of security events."""
    row = {"id": new_id(), "at": now(), "kind": kind, "user_id": user_id, "address": address, "detail": detail}
    session.execute(insert(SecurityEvent.__table__), row)
