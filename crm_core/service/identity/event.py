"""The log of security events: who signed in, who was refused, whose rights changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from crm_core.db.base import new_id, now
from crm_core.model import SecurityEvent

__all__ = ["note"]


def note(session: Session, kind: str, user_id: str | None, address: str | None, **detail: Any) -> None:
    """Write a line of the log; ``detail`` is JSON and holds no secrets."""
    row = {"id": new_id(), "at": now(), "kind": kind, "user_id": user_id, "address": address, "detail": detail}
    session.execute(insert(SecurityEvent.__table__), row)
