"""Loading a firm by the fastest way that each database has: keys and indexes come after the rows."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection, ForeignKeyConstraint, Index, Table, text
from sqlalchemy.schema import AddConstraint, DropConstraint

from benchmarks.firm import Firm
from benchmarks.rows import TABLES
from crm_core.db import physical
from crm_core.db.base import Base
from crm_core.db.engine import Database

__all__ = ["load"]

Say = Callable[[str], None]
_CHUNK = 5_000


def load(database: Database, firm: Firm, say: Say) -> None:
    """Fill the empty tables of the core with a firm, in one transaction, and gather statistics for the planner."""
    with database.schema() as engine:
        with engine.begin() as connection, _without_indexes(connection, say):
            for name, columns, rows in TABLES:
                started, write = time.perf_counter(), _copy if not database.sqlite else _insert
                count = write(connection, name, columns.split(), rows(firm))
                say(f"{name}: {count:,} rows in {time.perf_counter() - started:.1f} s")
        _gather_statistics(database)


def _copy(connection: Connection, table: str, columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> int:
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    count = 0
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for count, row in enumerate(rows, 1):  # noqa: B007 - the last number is the count
            copy.write_row(row)
    return count


def _insert(connection: Connection, table: str, columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> int:
    marks = ", ".join("?" * len(columns))
    driver: Any = connection.connection.driver_connection
    cursor = driver.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
    return int(cursor.rowcount)


@contextlib.contextmanager
def _without_indexes(connection: Connection, say: Say) -> Iterator[None]:
    """Take off what would be kept up row by row, and build it anew at the end."""
    tables = [Base.metadata.tables[name] for name, _columns, _rows in TABLES]
    indexes = [index for table in tables for index in table.indexes]
    keys = [] if connection.dialect.name == "sqlite" else [key for table in tables for key in _foreign_keys(table)]
    physical.drop(connection, *physical.OBJECTS)
    for index in indexes:
        index.drop(connection)
    for key in keys:
        connection.execute(DropConstraint(key))
    yield
    started = time.perf_counter()
    _build(connection, indexes, keys)
    say(f"indexes and keys in {time.perf_counter() - started:.1f} s")


def _build(connection: Connection, indexes: Sequence[Index], keys: Sequence[ForeignKeyConstraint]) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence('core_search', 'id'), (SELECT max(id) FROM core_search))")
        )
    for index in indexes:
        index.create(connection)
    for key in keys:
        connection.execute(AddConstraint(key))
    physical.create(connection, *physical.OBJECTS)
    if connection.dialect.name == "sqlite":
        connection.execute(text("INSERT INTO core_search_fts(core_search_fts) VALUES ('rebuild')"))


def _foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    return sorted(table.foreign_key_constraints, key=lambda key: str(key.name))


def _gather_statistics(database: Database) -> None:
    with database.write.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if database.sqlite:
            connection.exec_driver_sql("ANALYZE")
        else:
            connection.exec_driver_sql("VACUUM ANALYZE")
