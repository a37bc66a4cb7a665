"""Seeing which SQL statements a piece of code sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from crm_core.db.engine import Database

__all__ = ["Statements", "listen"]


class Statements(list[str]):
    """The statements in the order in which they were sent; ``executemany`` is one."""


@contextmanager
def listen(database: Database) -> Iterator[Statements]:
    """Collect the statements that are sent to the database while the block runs, without BEGIN and COMMIT."""
    seen = Statements()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        # SQLite's BEGIN is sent as a statement, PostgreSQL's is not.
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    for engine in (database.read, database.write):
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in (database.read, database.write):
            event.remove(engine, "before_cursor_execute", note)
