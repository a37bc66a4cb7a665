"""What only administrators do: the check that comes first."""

from __future__ import annotations

from sqlalchemy.orm import Session

from crm_core.db.session import actor_of
from crm_core.errors import NotAllowed

__all__ = ["administer"]


def administer(session: Session) -> None:
    """Raise ``NotAllowed`` for everybody but administrators."""
    if not actor_of(session).may("core.admin"):
        raise NotAllowed
