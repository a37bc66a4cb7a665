"""Links that work once: the invitation of a user, a new password, the first administrator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from crm_core.db.base import new_id, now
from crm_core.errors import NotFound
from crm_core.model import Token
from crm_core.service.secret import digest, new_secret

__all__ = ["LINK_LIFE", "create_link", "use_link"]

LINK_LIFE: Mapping[str, timedelta] = {
    "invite": timedelta(hours=72),
    "reset": timedelta(minutes=30),
    "setup": timedelta(hours=24),
}
_TOKENS = Token.__table__


def create_link(session: Session, kind: str, user_id: str | None) -> str:
    """The secret of a link that works once: ``invite`` and ``reset`` for a user, ``setup`` for the first one.

    Earlier links of the user stop working.
    """
    same = _TOKENS.c.user_id == user_id if user_id else _TOKENS.c.user_id.is_(None)
    session.execute(delete(_TOKENS).where(same, _TOKENS.c.kind.in_(LINK_LIFE)))
    secret, moment = new_secret(), now()
    row = {
        "id": new_id(),
        "kind": kind,
        "user_id": user_id,
        "hash": digest(secret),
        "created_at": moment,
        "expires_at": moment + LINK_LIFE[kind],
    }
    session.execute(insert(_TOKENS), row)
    return secret


def use_link(session: Session, kind: str, secret: str, *, consume: bool = True) -> str | None:
    """The user id of a link (``None`` for ``setup``), which stops working; of two at once one succeeds.

    With ``consume=False`` it goes on working. Raises ``NotFound`` for a link that is unknown, over or used.
    """
    valid = (_TOKENS.c.hash == digest(secret)) & (_TOKENS.c.kind == kind) & (_TOKENS.c.expires_at > now())
    if consume:
        row = session.execute(delete(_TOKENS).where(valid).returning(_TOKENS.c.user_id)).first()
    else:
        row = session.execute(select(_TOKENS.c.user_id).where(valid)).first()
    if row is None:
        raise NotFound
    return row.user_id and str(row.user_id)
