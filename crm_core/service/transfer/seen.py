"""What a run has met so far: which row made or touched a record, so that a repetition is told.

A real run asks the effects that it has written; a dry run keeps the keys in a temporary file, so that
its memory does not grow with the import. Both answer alike: dry run and run give the same counts.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.model import ImportEffect

__all__ = ["DrySeen", "RunSeen", "Seen"]


class Seen(Protocol):
    """Rows by keys: ``id:<record>`` for records that were touched, ``<kind>:<value>`` for new ones."""

    def rows(self, session: Session, keys: Sequence[str]) -> dict[str, int]:
        """The row numbers of those keys that were met in earlier chunks."""

    def note(self, keys: Mapping[str, int]) -> None:
        """Remember the keys of a chunk that was done."""


class RunSeen:
    """Asks the effects of the batch; new records are met as records, for they are in the database."""

    def __init__(self, batch_id: str) -> None:
        self._batch = batch_id

    def rows(self, session: Session, keys: Sequence[str]) -> dict[str, int]:
        ids = [key.removeprefix("id:") for key in keys if key.startswith("id:")]
        if not ids:
            return {}
        table = ImportEffect.__table__
        statement = select(table.c.record_id, table.c.row_no).where(
            table.c.batch_id == self._batch, table.c.record_id.in_(ids)
        )
        return {f"id:{row.record_id}": row.row_no for row in session.execute(statement)}

    def note(self, keys: Mapping[str, int]) -> None:
        """The effects themselves are the memory."""


class DrySeen:
    """Keeps the keys in a temporary SQLite file that goes with the object."""

    def __init__(self) -> None:
        self._file = tempfile.NamedTemporaryFile(prefix="crm-seen-")  # noqa: SIM115 - lives as long as the object
        self._base = sqlite3.connect(self._file.name, isolation_level=None)
        for statement in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "CREATE TABLE seen (key TEXT PRIMARY KEY, row INT)",
        ):
            self._base.execute(statement)

    def rows(self, session: Session, keys: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for part in _chunks(keys):
            marks = ",".join("?" * len(part))
            found.update(self._base.execute(f"SELECT key, row FROM seen WHERE key IN ({marks})", part).fetchall())  # noqa: S608 - question marks only
        return found

    def note(self, keys: Mapping[str, int]) -> None:
        self._base.execute("BEGIN")
        self._base.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", keys.items())
        self._base.execute("COMMIT")

    def close(self) -> None:
        """Remove the temporary file."""
        self._base.close()
        self._file.close()


def _chunks(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + 500] for start in range(0, len(keys), 500))
