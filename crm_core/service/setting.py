"""Settings of the firm and of modules: one value by its key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_core.db.base import now
from crm_core.db.bulk import insert_if_new
from crm_core.model import Setting

__all__ = ["save_setting", "setting"]


def setting(session: Session, key: str, default: Any = None) -> Any:
    """The value that an administrator gave to ``<module>.<field>``, or the default."""
    found = session.execute(select(Setting.value).where(Setting.key == key)).scalar_one_or_none()
    return default if found is None else found


def save_setting(session: Session, key: str, value: Any) -> None:
    """Keep a value under ``<module>.<field>``; the caller has checked it and the right to change it."""
    table, values = Setting.__table__, {"value": value, "changed_at": now()}
    session.execute(insert_if_new(session, table), {"key": key, **values})
    session.execute(update(table).where(table.c.key == key).values(**values))
