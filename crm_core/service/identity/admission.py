"""Signing in with login and password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from crm_core.access.principal import system
from crm_core.errors import Refused, TooMany
from crm_core.model import Credential, User
from crm_core.service import throttle
from crm_core.service.identity.event import note
from crm_core.service.identity.session import NewSession, open_session, sign_out
from crm_core.service.password import MAX_LENGTH
from crm_core.service.secret import verify_password
from crm_core.text import messages

if TYPE_CHECKING:
    from crm_core.runtime import Crm

__all__ = ["LOGIN", "sign_in"]

_ = messages("core")
LOGIN = re.compile(r"[\w.@+-]{2,120}")
_USERS, _CREDENTIALS = User.__table__, Credential.__table__


def sign_in(
    crm: Crm, login: str, password: str, address: str | None, agent: str | None, *, ends: str | None = None
) -> NewSession:
    """Check a password and begin a session; the session ``ends`` of the same browser is over then.

    Raises ``TooMany`` after many failures, ``Refused`` for a wrong login or password. This is the one service with
    transactions of its own: the attempt is counted before the password is looked at, so that a refusal cannot undo
    the count and many attempts at once are no way around it; and the slow check of the password holds no writer up.
    An unknown login takes as long as a wrong password, and reads the same.
    """
    actor, login = system("sign-in"), login.strip().lower()
    with crm.writing(actor) as session:
        attempt = throttle.count_attempt(session, login, address)
        found = None if attempt.seconds else _known(session, login)
    if attempt.seconds:
        raise TooMany(attempt.seconds)
    right = len(password) <= MAX_LENGTH and verify_password(found.secret if found else None, password)
    with crm.writing(actor) as session:
        if right and found is not None and _known(session, login) == found:
            throttle.forgive(session, attempt)
            return _begin(session, str(found.id), address, agent, ends)
        # What was typed as a login stays out of the log: it may be a password in the wrong field.
        note(session, "sign_in_failed", found.id if found else None, address)
    raise Refused(_("Login or password is wrong."), hint=_("Check the keyboard layout and Caps Lock."))


def _begin(session: Session, user_id: str, address: str | None, agent: str | None, ends: str | None) -> NewSession:
    if ends is not None:
        sign_out(session, ends)
    note(session, "signed_in", user_id, address)
    return open_session(session, user_id, address, agent)


def _known(session: Session, login: str) -> Row[Any, Any] | None:
    """The id of an active user and what is stored of the password."""
    if not LOGIN.fullmatch(login):
        return None
    joined = _USERS.join(_CREDENTIALS, (_CREDENTIALS.c.user_id == _USERS.c.id) & (_CREDENTIALS.c.kind == "password"))
    statement = select(_USERS.c.id, _CREDENTIALS.c.secret).select_from(joined)
    return session.execute(statement.where(_USERS.c.login == login, _USERS.c.is_active)).first()
