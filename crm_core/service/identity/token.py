"""Tokens of programs: bearer secrets of the REST interface."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from crm_core.access.load import access_generation, cached_principal
from crm_core.access.principal import Principal
from crm_core.db.base import new_id, now
from crm_core.db.prepared import Prepared
from crm_core.errors import Invalid, NotFound, Problem
from crm_core.model import Token, User
from crm_core.service.identity.event import note
from crm_core.service.secret import digest, new_secret
from crm_core.text import messages

__all__ = ["create_token", "load_token", "revoke_token", "tokens_of"]

_ = messages("core")
PREFIX = "crm_"
"""What a secret begins with, so that scanners of source code recognise one that leaked."""
_USERS, _TOKENS = User.__table__, Token.__table__
_LOAD = Prepared(
    select(_TOKENS.c.user_id, _TOKENS.c.expires_at, access_generation())
    .join(_USERS, _USERS.c.id == _TOKENS.c.user_id)
    .where(_TOKENS.c.hash == bindparam("hash"), _TOKENS.c.kind == "api", _USERS.c.is_active)
)


def create_token(session: Session, user_id: str | None, name: str, days: int | None = None) -> str:
    """A new token for programs; it is shown once and never again. Without ``days`` it does not expire.

    Raises ``Invalid`` for a token without a name.
    """
    label = name.replace("\x00", "").strip()[:80]
    if not label:
        raise Invalid([Problem(id="core.no_name", message=_("This is needed."), field="name")])
    secret, moment = new_secret(PREFIX), now()
    row = {
        "id": new_id(),
        "kind": "api",
        "user_id": user_id,
        "name": label,
        "hash": digest(secret),
        "created_at": moment,
        "expires_at": moment + timedelta(days=days) if days else None,
    }
    session.execute(insert(_TOKENS), row)
    note(session, "token_created", user_id, None, name=label)
    return secret


def load_token(session: Session, secret: str) -> Principal | None:
    """Who a token belongs to; ``None`` for one that is unknown, over or withdrawn."""
    found = _LOAD.rows(session, {"hash": digest(secret)})
    if not found:
        return None
    user_id, expires_at, generation = found[0]
    if expires_at is not None and expires_at <= now():
        return None
    return cached_principal(session, user_id, generation)


def tokens_of(session: Session, user_id: str) -> list[dict[str, Any]]:
    """The tokens of a user, without their secrets, the newest first."""
    columns = [_TOKENS.c[name] for name in ("id", "name", "created_at", "expires_at")]
    statement = select(*columns).where(_TOKENS.c.user_id == user_id, _TOKENS.c.kind == "api")
    return [dict(row) for row in session.execute(statement.order_by(_TOKENS.c.id.desc())).mappings()]


def revoke_token(session: Session, user_id: str, token_id: str) -> None:
    """Withdraw one of a user's tokens. Raises ``NotFound`` for another's."""
    mine = (_TOKENS.c.id == token_id) & (_TOKENS.c.user_id == user_id) & (_TOKENS.c.kind == "api")
    name = session.execute(delete(_TOKENS).where(mine).returning(_TOKENS.c.name)).scalar()
    if name is None:
        raise NotFound
    note(session, "token_revoked", user_id, None, name=name)
