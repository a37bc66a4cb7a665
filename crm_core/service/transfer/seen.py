"""What a run has met so far: which row made or changed a record, and by which keys it can be found since.

A real run asks the database, in which all that is written; a dry run keeps it in a temporary file, so that
its memory does not grow with the import. Both answer alike: dry run and run give the same counts.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.db.bulk import values_list
from crm_core.model import ImportEffect

__all__ = ["DrySeen", "RunSeen", "Seen"]


class Seen(Protocol):
    """Targets are ids of records, or ``new:<row>`` for those that a dry run would make; keys are ``<kind>:<value>``."""

    def targets(self, keys: Sequence[str]) -> Mapping[str, set[str]]:
        """The targets that rows of earlier chunks gave these keys, as far as the database does not know them."""

    def touched(self, session: Session, targets: Sequence[str]) -> dict[str, int]:
        """Which of the targets rows of earlier chunks made or changed, and which rows."""

    def note(self, keys: Mapping[str, str], touched: Mapping[str, int]) -> None:
        """Remember the keys (with their targets) and the touched targets (with their rows) of a chunk."""


class RunSeen:
    """Asks the effects of the batch; everything else is in the database."""

    def __init__(self, batch_id: str) -> None:
        self._batch = batch_id

    def targets(self, keys: Sequence[str]) -> Mapping[str, set[str]]:
        return {}

    def touched(self, session: Session, targets: Sequence[str]) -> dict[str, int]:
        if not targets:
            return {}
        table = ImportEffect.__table__
        chosen = table.c.record_id.in_(select(values_list(session, targets).c.id))
        mine = (table.c.batch_id == self._batch) & chosen
        return {
            row.record_id: row.row_no for row in session.execute(select(table.c.record_id, table.c.row_no).where(mine))
        }

    def note(self, keys: Mapping[str, str], touched: Mapping[str, int]) -> None:
        """The effects themselves are the memory."""


class DrySeen:
    """Keeps everything in a temporary SQLite file that goes with the object."""

    def __init__(self) -> None:
        self._file = tempfile.NamedTemporaryFile(prefix="crm-seen-")  # noqa: SIM115 - lives as long as the object
        self._base = sqlite3.connect(self._file.name, isolation_level=None)
        for statement in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "CREATE TABLE found (key TEXT, target TEXT, PRIMARY KEY (key, target)) WITHOUT ROWID",
            "CREATE TABLE touched (target TEXT PRIMARY KEY, row INT) WITHOUT ROWID",
        ):
            self._base.execute(statement)

    def targets(self, keys: Sequence[str]) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for key, target in self._select("SELECT key, target FROM found WHERE key IN", keys):
            found.setdefault(str(key), set()).add(str(target))
        return found

    def touched(self, session: Session, targets: Sequence[str]) -> dict[str, int]:
        rows = self._select("SELECT target, row FROM touched WHERE target IN", targets)
        return {str(target): int(row) for target, row in rows}

    def note(self, keys: Mapping[str, str], touched: Mapping[str, int]) -> None:
        self._base.execute("BEGIN")
        self._base.executemany("INSERT OR IGNORE INTO found VALUES (?, ?)", keys.items())
        self._base.executemany("INSERT OR IGNORE INTO touched VALUES (?, ?)", touched.items())
        self._base.execute("COMMIT")

    def close(self) -> None:
        """Remove the temporary file."""
        self._base.close()
        self._file.close()

    def _select(self, statement: str, values: Sequence[str]) -> Iterable[tuple[str, str | int]]:
        for start in range(0, len(values), 500):
            part = values[start : start + 500]
            yield from self._base.execute(f"{statement} ({','.join('?' * len(part))})", part)
