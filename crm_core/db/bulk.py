"""Set statements over many rows: one statement for a batch on PostgreSQL, one prepared one on SQLite.

PostgreSQL gets the batch as one JSON value and spreads it with ``json_to_recordset``: a few
microseconds a row, and no statement whose text depends on the number of rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import String, Table, bindparam, insert, literal_column, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session
from sqlalchemy.schema import Column

from crm_core.db.types import Folded, Id

__all__ = ["insert_if_new", "insert_rows", "update_rows", "values_list"]

Row = Mapping[str, Any]

FEW = 4
"""Up to so many rows PostgreSQL gets them as values of one plain statement, and no JSON."""


def insert_rows(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows; columns that a row leaves out get their declared defaults."""
    if not rows:
        return
    completed = _completed(table, rows)
    dialect = session.get_bind().dialect
    if dialect.name == "postgresql" and len(rows) > FEW:
        _insert_recordset(session, table, [table.c[name] for name in completed[0]], completed)
        return
    names = tuple(completed[0])
    values = _tuples(table, names, completed, dialect)
    # The text is made once: building and looking up a statement costs more than running such a small one.
    if dialect.name == "postgresql":
        parameters = tuple(itertools.chain.from_iterable(values))
        session.connection().exec_driver_sql(_insert_text(table.name, names, "%s", len(rows)), parameters)
    else:
        session.connection().exec_driver_sql(_insert_text(table.name, names, "?", 1), values)


@lru_cache(maxsize=1024)
def _insert_text(table: str, names: tuple[str, ...], mark: str, rows: int) -> str:
    marks = f"({', '.join([mark] * len(names))})"
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([marks] * rows)}"  # noqa: S608 - names of tables and columns only


def _insert_recordset(session: Session, table: Table, columns: Sequence[Column[Any]], rows: Sequence[Row]) -> None:
    """One statement; what is the same in all rows (who, when, which kind) is sent and read once."""
    same = [column for column in columns if _is_common(column.name, rows)]
    varying = [column for column in columns if column not in set(same)] or [same.pop()]
    ordered = [*varying, *same]
    bound = [bindparam(f"c_{column.name}", rows[0][column.name], type_=column.type) for column in same]
    values: list[Any] = [*(literal_column(f"x.{column.name}") for column in varying), *bound]
    source = text(_recordset(varying, session.get_bind().dialect))
    chosen = select(*values).select_from(source)
    statement = insert(table).from_select([column.name for column in ordered], chosen, include_defaults=False)
    session.execute(statement, {"rows": _as_json(varying, [{c.name: row[c.name] for c in varying} for row in rows])})


def _is_common(name: str, rows: Sequence[Row]) -> bool:
    values = [row[name] for row in rows]
    return values.count(values[0]) == len(values)


def insert_if_new(session: Session, table: Table) -> Any:
    """An ``INSERT`` that leaves a row out when one with the same unique key exists, also on another connection."""
    insert_into: Any = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    return insert_into(table).on_conflict_do_nothing()


def update_rows(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Update rows by their ``id``; all rows have the same keys."""
    if not rows:
        return
    names = [name for name in rows[0] if name != "id"]
    dialect = session.get_bind().dialect
    if dialect.name == "postgresql" and len(rows) > 1:
        columns = [table.c.id, *(table.c[name] for name in names)]
        assignments = ", ".join(f"{name} = x.{name}" for name in names)
        statement = f"UPDATE {table.name} AS t SET {assignments} FROM {_recordset(columns, dialect)} WHERE t.id = x.id"  # noqa: S608 - names of columns only
        session.execute(text(statement), {"rows": _as_json(columns, rows)})
        return
    target = update(table).where(table.c.id == bindparam("b_id", type_=Id()))
    values = {name: bindparam(f"b_{name}", type_=table.c[name].type) for name in names}
    session.connection().execute(
        target.values(values), [{f"b_{name}": row[name] for name in ("id", *names)} for row in rows]
    )


def values_list(session: Session, values: Sequence[str], kind: type[Id | Folded | String] = Id) -> Any:
    """A subquery of ids, or of texts of another kind, for ``IN``: one bound value, whatever their number.

    ``kind`` is the type of the column that they are compared with; its name in the subquery is ``id``.
    """
    if session.get_bind().dialect.name == "postgresql":
        source = text(f"SELECT {_CASTS[kind]} AS id FROM json_array_elements_text(CAST(:ids AS json))")  # noqa: S608 - fixed texts
    else:
        source = text("SELECT value AS id FROM json_each(:ids)")
    value: Any = bindparam("ids", orjson.dumps(list(values)).decode(), unique=True)
    return source.bindparams(value).columns(id=kind()).subquery()


# Text is compared by the collation of its column, or else no index would serve.
_CASTS: Mapping[type[Any], str] = {Id: "CAST(value AS uuid)", Folded: 'value COLLATE "C"', String: "value"}


def _completed(table: Table, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows with the same keys: what one leaves out gets the column's default, or stays empty."""
    given = rows[0].keys()
    alike = all(row.keys() == given for row in rows)
    names = list(given) if alike else list(dict.fromkeys(name for row in rows for name in row))
    makers = {c.name: _maker(c) for c in table.c if c.default is not None}
    missing = [(name, make) for name, make in makers.items() if name not in names]
    if alike and not missing:
        return rows
    nothing: Callable[[], Any] = lambda: None  # noqa: E731 - the maker of columns without a default
    fills = [(name, makers.get(name, nothing)) for name in names]
    return [
        {
            **{name: row[name] if name in row else make() for name, make in fills},
            **{name: make() for name, make in missing},
        }
        for row in rows
    ]


@lru_cache(maxsize=256)
def _makers(table: Table) -> dict[str, Callable[[], Any]]:
    """What makes the default of each column that has one."""
    return {column.name: _maker(column) for column in table.c if column.default is not None}


def _maker(column: Column[Any]) -> Callable[[], Any]:
    default: Any = column.default
    if default.is_scalar:
        return lambda: default.arg
    return lambda: default.arg(None)


def _recordset(columns: Sequence[Column[Any]], dialect: Dialect) -> str:
    shape = ", ".join(f"{column.name} {column.type.compile(dialect=dialect)}" for column in columns)
    return f"json_to_recordset(CAST(:rows AS json)) AS x({shape})"


def _as_json(columns: Sequence[Column[Any]], rows: Sequence[Row]) -> str:
    """The rows as JSON; only amounts differ from their Python form there."""
    scaled = [c for c in columns if hasattr(c.type, "scale") and hasattr(c.type, "process_bind_param")]
    if scaled:
        rows = [{**row, **{c.name: c.type.process_bind_param(row[c.name], None) for c in scaled}} for row in rows]  # type: ignore[attr-defined]
    return orjson.dumps(rows, default=str).decode()


def _tuples(table: Table, names: tuple[str, ...], rows: Sequence[Row], dialect: Dialect) -> list[tuple[Any, ...]]:
    """The rows in the driver's own values."""
    processors = _processors(table, names, dialect)
    if len(rows) <= FEW:
        return [
            tuple([row[name] if process is None else process(row[name]) for name, process in processors])
            for row in rows
        ]
    converted = []
    for name, process in processors:
        values: Any = [row[name] for row in rows]
        if process is not None and any(value is not None for value in values):
            same = values.count(values[0]) == len(values)
            values = [process(values[0])] * len(values) if same else map(process, values)
        converted.append(values)
    return list(zip(*converted, strict=True))


@lru_cache(maxsize=1024)
def _processors(
    table: Table, names: tuple[str, ...], dialect: Dialect
) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    """The columns, each with what turns its values into the driver's."""
    return tuple((name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names)
