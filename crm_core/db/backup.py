"""A copy of the embedded database before its schema changes; PostgreSQL has tools of its own."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from crm_core.db.engine import Database

__all__ = ["KEPT", "back_up"]

KEPT = 5
"""How many copies stay; older ones are removed."""


def back_up(database: Database, folder: Path, label: str) -> Path | None:
    """Copy the SQLite database to ``<folder>/<time>-<label>.db``; the copy is complete or absent.

    Returns ``None`` where there is nothing to copy: on PostgreSQL, or before the first migration.
    """
    source = Path(database.url.database or "")
    if not database.sqlite or not source.exists() or source.stat().st_size == 0:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{label}.db"
    unfinished = target.with_suffix(".part")
    with closing(sqlite3.connect(source, timeout=30)) as connection:
        connection.execute("VACUUM INTO ?", (str(unfinished),))
    os.replace(unfinished, target)
    for old in sorted(folder.glob("*.db"))[:-KEPT]:
        old.unlink()
    return target
