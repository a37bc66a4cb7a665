"""Removing a module's data for good: what that means first, a copy of it, then the removal itself.

Works without the module's code, because its tables were listed when it was enabled. Whatever interrupts
it, doing it again completes it.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import logging
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import Column, Connection, MetaData, Row, Table, delete, func, inspect, select, text, update

from crm_core.db.backup import back_up
from crm_core.db.base import Base
from crm_core.db.engine import Database
from crm_core.db.migrate import migrate, migration_lock
from crm_core.db.physical import is_physical
from crm_core.db.revision import VERSION_SUFFIX, recorded_on, standing
from crm_core.errors import CrmError, ModuleError
from crm_core.model import (
    Audit,
    Event,
    History,
    HistoryLink,
    ImportEffect,
    Job,
    ModuleState,
    NumberSeries,
    Role,
    RoleGrant,
    Setting,
)
from crm_core.plugin.state import next_generation
from crm_core.text import messages

if TYPE_CHECKING:
    from crm_core.runtime import Crm

__all__ = ["Preview", "export", "preview", "purge"]

_ = messages("core")
_log = logging.getLogger("crm.modules")

_KEPT = frozenset({Audit.__tablename__, Event.__tablename__, ImportEffect.__tablename__, History.__tablename__})
"""What happened stays on record: these rows name the records of the module by text, and are shown so."""

_BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a purge would remove: rows by table, of the module itself and of others that refer to its records.

    ``blockers`` are tables of other modules with foreign keys into this one's: these modules go first.
    """

    module: str
    tables: Mapping[str, int]
    references: Mapping[str, int]
    blockers: tuple[str, ...]


def preview(crm: Crm, name: str) -> Preview:
    """What purging the module would remove; reads only."""
    with crm.database.read.connect() as connection:
        own = _own_tables(connection, name)
        return Preview(
            module=name,
            tables={table: _count(connection, Table(table, MetaData(), Column("x"))) for table in own},
            references={
                table.name: count
                for table, entity in _references(connection, name)
                if (count := _count(connection, table, _within(entity, name)))
            },
            blockers=_blockers(connection, name, own),
        )


def export(crm: Crm, name: str, folder: Path) -> Path:
    """Write all rows of the module's tables to ``<folder>/<module>-<time>.zip``, complete or absent.

    Each table is there twice: as JSON lines, exactly, and as CSV, for spreadsheets.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S}.zip"
    unfinished = target.with_suffix(".part")
    with _snapshot(crm.database) as connection, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        counts = {}
        for table in _described(connection, _own_tables(connection, name)):
            counts[table.name] = _write_json(connection, table, archive)
            _write_csv(connection, table, archive)
        about = {"module": name, "revision": recorded_on(connection).get(name), "rows": counts}
        archive.writestr("about.json", json.dumps(about, indent=2))
    return unfinished.replace(target)


def purge(crm: Crm, name: str, confirmation: str) -> None:
    """Remove the module's tables, settings, rights and links for good, and forget that it was ever enabled.

    ``confirmation`` is the module's name as the administrator typed it. Raises ``ModuleError`` while it is
    enabled, or while tables of other modules point into its own.
    """
    if confirmation != name:
        raise ModuleError(_("Type the name of the module to confirm: %(name)s", name=name), module=name)
    with migration_lock(crm.database):
        _require_purgeable(crm, name)
        back_up(crm.database, crm.settings.data_dir / "backups", f"before-purge-{name}")
        _downgrade(crm, name)
        with crm.database.schema() as engine, engine.begin() as connection:
            _forget(connection, name)
            _drop(connection, name)
            next_generation(connection)


def _require_purgeable(crm: Crm, name: str) -> None:
    with crm.database.read.connect() as connection:
        state = connection.scalar(select(ModuleState.state).where(ModuleState.name == name))
        own = _own_tables(connection, name)
        blockers = _blockers(connection, name, own)
    if name == "core" or (state is None and not own):
        raise ModuleError(_("There is nothing of this module to remove."), module=name)
    if state == "enabled":
        raise ModuleError(_("It is enabled."), module=name, hint=_("Disable it first."))
    if blockers:
        raise ModuleError(
            _("Other tables point into its own: %(tables)s.", tables=", ".join(blockers)),
            module=name,
            hint=_("Purge the modules that these tables belong to first."),
        )


def _downgrade(crm: Crm, name: str) -> None:
    """Let the module's own revisions take back what they did, where its code is there and knows them."""
    loaded = crm.installed.get(name)
    if loaded is None:
        return
    with crm.database.read.connect() as connection:
        revision = recorded_on(connection).get(name)
    if revision is None or standing(loaded.schema, revision) not in {"current", "behind"}:
        return
    try:
        migrate(crm.database, loaded.schema, "base")
    except CrmError as error:
        # Its tables are dropped next all the same: bad code must not keep its data from being removed.
        _log.warning("purging %s without its own revisions: %s", name, error)


def _forget(connection: Connection, name: str) -> None:
    """Remove what the core keeps for the module, by the prefix of its ids."""
    _forget_search(connection, name)
    for table, entity in _references(connection, name):
        _forget_references(connection, table, entity, name)
    linked = select(HistoryLink).where(HistoryLink.history_id == History.id).exists()
    connection.execute(delete(History).where(History.entity.startswith(f"{name}."), ~linked))
    for column in (Setting.key, RoleGrant.entity, Job.kind, NumberSeries.series):
        connection.execute(delete(column.class_).where(column.startswith(f"{name}.")))
    for role_id, permissions in connection.execute(select(Role.id, Role.permissions)).all():
        kept = [right for right in permissions if not right.startswith(f"{name}.")]
        if kept != permissions:
            connection.execute(update(Role).where(Role.id == role_id).values(permissions=kept))
    connection.execute(delete(ModuleState).where(ModuleState.name == name))


def _forget_search(connection: Connection, name: str) -> None:
    """SQLite's index reads the old text from the row, so it comes before the row goes."""
    if connection.dialect.name == "sqlite":
        rows = "SELECT id FROM core_search WHERE substr(entity, 1, :length) = :prefix"
        values = {"prefix": f"{name}.", "length": len(name) + 1}
        connection.execute(text(f"DELETE FROM core_search_fts WHERE rowid IN ({rows})"), values)  # noqa: S608


def _forget_references(connection: Connection, table: Table, entity: Column[Any], name: str) -> None:
    """A row that is nothing without the record goes with it, another one loses the reference."""
    columns = [column for column in table.c if "regarding" in column.info]
    condition = _within(entity, name)
    if all(column.nullable for column in columns):
        connection.execute(update(table).where(condition).values(dict.fromkeys(columns)))
    else:
        connection.execute(delete(table).where(condition))


def _drop(connection: Connection, name: str) -> None:
    """Drop what is left of the module's tables, whichever points to which, and its version table."""
    quote = connection.dialect.identifier_preparer.quote
    own = _own_tables(connection, name)
    # An index of SQLite's full-text search takes its shadow tables with it.
    tables = [quote(table) for table in own if table.endswith("_fts") or not is_physical(table)]
    # SQLite drops them one by one with foreign keys off, PostgreSQL together those that point to each other.
    together = tables if connection.dialect.name == "sqlite" else [", ".join(tables)] if tables else []
    for names in together:
        connection.execute(text(f"DROP TABLE {names}"))
    connection.execute(text(f"DROP TABLE IF EXISTS {quote(name + VERSION_SUFFIX)}"))


@contextlib.contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    """A connection that sees one moment, however long it reads."""
    engine = database.read if database.sqlite else database.write.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as connection, connection.begin():
        yield connection


def _own_tables(connection: Connection, name: str) -> list[str]:
    """The tables that begin with the module's name; the version table is not one of them."""
    names = inspect(connection).get_table_names()
    return sorted(table for table in names if table.startswith(f"{name}_") and table != name + VERSION_SUFFIX)


def _blockers(connection: Connection, name: str, own: list[str]) -> tuple[str, ...]:
    inspector = inspect(connection)
    others = (table for table in inspector.get_table_names() if table not in own)
    return tuple(
        sorted(
            table for table in others if any(key["referred_table"] in own for key in inspector.get_foreign_keys(table))
        )
    )


def _references(connection: Connection, name: str) -> Iterator[tuple[Table, Column[Any]]]:
    """All tables but the module's own whose rows may name records of any entity, and the column that says which."""
    present = set(inspect(connection).get_table_names())  # those of a module that was never enabled are not there
    for table in Base.metadata.sorted_tables:
        if table.name.startswith(f"{name}_") or table.name in _KEPT or table.name not in present:
            continue
        for column in table.c:
            if column.info.get("regarding") == "entity":
                yield table, column


def _within(entity: Column[Any], name: str) -> Any:
    return entity.startswith(f"{name}.")


def _count(connection: Connection, table: Table, *conditions: Any) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def _described(connection: Connection, names: list[str]) -> Iterator[Table]:
    """The tables with the types of the models where those are known, else as the database describes them."""
    for name in (name for name in names if not is_physical(name)):
        known = Base.metadata.tables.get(name)
        yield Table(name, MetaData(), autoload_with=connection, resolve_fks=False) if known is None else known


def _rows(connection: Connection, table: Table) -> Iterator[Row[Any]]:
    with connection.execution_options(yield_per=_BATCH).execute(select(table)) as result:
        yield from result


def _write_json(connection: Connection, table: Table, archive: zipfile.ZipFile) -> int:
    count = 0
    names = [str(name) for name in table.c.keys()]  # noqa: SIM118 - the columns iterate as columns
    options = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    with archive.open(f"{table.name}.jsonl", "w") as file:
        for row in _rows(connection, table):
            file.write(orjson.dumps(dict(zip(names, row, strict=True)), default=str, option=options))
            count += 1
    return count


def _write_csv(connection: Connection, table: Table, archive: zipfile.ZipFile) -> None:
    with archive.open(f"{table.name}.csv", "w") as raw, io.TextIOWrapper(raw, "utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table.c.keys())
        writer.writerows([_cell(value) for value in row] for row in _rows(connection, table))


def _cell(value: Any) -> Any:
    """A spreadsheet must not take a text for a formula (OWASP, CSV injection)."""
    if isinstance(value, dict | list):
        return orjson.dumps(value, default=str).decode()
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
