"""Slowing down who guesses passwords: counters in the database, so that all workers count together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlalchemy.orm import Session

from crm_core.db.base import now
from crm_core.db.session import crm_of
from crm_core.model import LoginAttempt

__all__ = ["blocked_until", "count_failure", "forget_failures"]

FREE = 5
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=15)
WINDOW = timedelta(hours=12)


def blocked_until(session: Session, keys: Sequence[str]) -> datetime | None:
    """Until when sign-in is refused for one of these keys (an account, an address); ``None``: it is not."""
    table = LoginAttempt.__table__
    ends = session.execute(select(table.c.blocked_until).where(table.c.key.in_(keys))).scalars()
    open_ends = [end for end in ends if end is not None and end > now()]
    return max(open_ends, default=None)


def count_failure(session: Session, keys: Sequence[str]) -> None:
    """Count a failed attempt; from the sixth on each doubles the pause, up to a quarter of an hour.

    There is no lasting lock-out, which others could use to keep somebody out.
    """
    table, moment = LoginAttempt.__table__, now()
    known = {row["key"]: row for row in session.execute(select(table).where(table.c.key.in_(keys))).mappings()}
    insert: Any = insert_on_sqlite if crm_of(session).database.sqlite else insert_on_postgresql
    for key in sorted(keys):
        row = known.get(key)
        fresh = row is None or moment - row["first_at"] > WINDOW
        failures = 1 if row is None or fresh else row["failures"] + 1
        values = {
            "failures": failures,
            "first_at": moment if row is None or fresh else row["first_at"],
            "blocked_until": moment + _pause(failures) if failures >= FREE else None,
        }
        statement = insert(table).values(key=key, **values)
        session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))


def forget_failures(session: Session, key: str) -> None:
    """A success clears the counter of the account; that of the address stays."""
    table = LoginAttempt.__table__
    session.execute(delete(table).where(table.c.key == key))


def _pause(failures: int) -> timedelta:
    pause: timedelta = FIRST_PAUSE * 2 ** min(failures - FREE, 10)
    return min(pause, LONGEST_PAUSE)
