"""Reading settings of the firm and of modules: one value by its key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.model import Setting

__all__ = ["setting"]


def setting(session: Session, key: str, default: Any = None) -> Any:
    """The value that an administrator gave to ``<module>.<field>``, or the default."""
    found = session.execute(select(Setting.value).where(Setting.key == key)).scalar_one_or_none()
    return default if found is None else found
