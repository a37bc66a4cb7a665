"""Passwords of users: set through a link or by an administrator's command, changed by their owner."""

from __future__ import annotations

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from crm_core.db.base import new_id
from crm_core.errors import Invalid, Problem
from crm_core.model import Credential, Token, User
from crm_core.service.identity.event import note
from crm_core.service.identity.link import LINK_LIFE
from crm_core.service.identity.session import revoke_all
from crm_core.service.password import check_password
from crm_core.service.secret import hash_password, verify_password
from crm_core.text import messages

__all__ = ["change_password", "set_password"]

_ = messages("core")
_USERS, _CREDENTIALS, _TOKENS = User.__table__, Credential.__table__, Token.__table__


def set_password(session: Session, user_id: str, password: str) -> None:
    """Give a user a new password; their sessions end and their links stop working. Raises ``Invalid`` for a weak one.

    Tokens of programs stay: each was made on purpose and is withdrawn on its own.
    """
    user = session.execute(select(_USERS.c.login, _USERS.c.name).where(_USERS.c.id == user_id)).one()
    check_password(password, login=user.login, name=user.name)
    mine = (_CREDENTIALS.c.user_id == user_id) & (_CREDENTIALS.c.kind == "password")
    session.execute(delete(_CREDENTIALS).where(mine))
    row = {"id": new_id(), "user_id": user_id, "kind": "password", "secret": hash_password(password)}
    session.execute(insert(_CREDENTIALS), row)
    session.execute(delete(_TOKENS).where(_TOKENS.c.user_id == user_id, _TOKENS.c.kind.in_(LINK_LIFE)))
    revoke_all(session, user_id)
    note(session, "password_set", user_id, None)


def change_password(session: Session, user_id: str, current: str, password: str) -> None:
    """A user changes their own password; all their sessions end, also the one in which it happens.

    Raises ``Invalid`` when the current one is wrong or the new one weak.
    """
    mine = (_CREDENTIALS.c.user_id == user_id) & (_CREDENTIALS.c.kind == "password")
    stored = session.execute(select(_CREDENTIALS.c.secret).where(mine)).scalar()
    if not verify_password(stored, current):
        problem = Problem(id="core.wrong_password", message=_("The current password is wrong."), field="current")
        raise Invalid([problem])
    set_password(session, user_id, password)
