"""Which revision of its schema each module has: cheap enough to be asked at every start.

The revisions of a module are one line: ``<module>_0001``, ``<module>_0002`` …, one file each, whose
name begins with the revision. So the newest one is known from the names of the files, without Alembic.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, text

from crm_core.db.engine import Database

__all__ = ["VERSION_SUFFIX", "Schema", "Standing", "recorded", "recorded_on", "schema_of", "standing"]

Standing = Literal["none", "behind", "current", "ahead"]
VERSION_SUFFIX = "_schema_version"

_VERSION_TABLE = re.compile(rf"([a-z][a-z0-9]{{1,19}}){VERSION_SUFFIX}")
_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema()",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The tables of one module: their names begin with ``<module>_``; ``folder`` holds the revisions."""

    module: str
    folder: Path

    @property
    def version_table(self) -> str:
        """The table that holds the module's revision, and nothing of any other module."""
        return self.module + VERSION_SUFFIX

    def owns(self, table: str) -> bool:
        """Whether a table is the module's own; its version table is not counted."""
        return table.startswith(self.module + "_") and table != self.version_table

    def revisions(self) -> tuple[str, ...]:
        """All revisions that the code has, oldest first; none for a module without tables."""
        pattern = re.compile(rf"({self.module}_\d{{4}})_\w+\.py")
        found = (pattern.fullmatch(path.name) for path in self.folder.glob("*.py"))
        return tuple(sorted(match[1] for match in found if match))

    def head(self) -> str | None:
        """The newest revision, ``None`` for a module without tables."""
        return next(reversed(self.revisions()), None)


def schema_of(module: str, package: str) -> Schema:
    """The schema of a module, found in ``<package>/migrations/versions`` without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"there is no package {package}", name=package)
    return Schema(module=module, folder=Path(spec.submodule_search_locations[0]) / "migrations" / "versions")


def recorded(database: Database) -> dict[str, str]:
    """The revision that the database has of each module, of absent ones too: two statements."""
    with database.read.connect() as connection:
        return recorded_on(connection)


def recorded_on(connection: Connection) -> dict[str, str]:
    """Like ``recorded``, as this connection sees it."""
    names = connection.execute(text(_TABLES[connection.dialect.name])).scalars()
    modules = sorted(match[1] for match in map(_VERSION_TABLE.fullmatch, names) if match)
    if not modules:
        return {}
    # The names were matched by the pattern above: letters, digits and one underscore.
    parts = (f"SELECT '{name}', version_num FROM {name}{VERSION_SUFFIX}" for name in modules)  # noqa: S608
    rows = connection.execute(text(" UNION ALL ".join(parts)))
    return {row[0]: row[1] for row in rows}


def standing(schema: Schema, revision: str | None) -> Standing:
    """How the database's revision of a module compares with the code's."""
    head = schema.head()
    if head is None:
        return "current" if revision is None else "ahead"
    if revision is None:
        return "none"
    if revision == head:
        return "current"
    return "behind" if revision in schema.revisions() else "ahead"
