"""The database's own clock: the one that all processes and hosts share, for leases and due times."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from crm_core.db.types import Instant

__all__ = ["from_now"]


class from_now(FunctionElement[Any]):
    """The moment at which the statement began plus a number of seconds (negative: before).

    On PostgreSQL it is stable within a statement, so that an index serves comparisons with it. On SQLite
    it has the form in which ``Instant`` is stored, with the milliseconds that SQLite knows.
    """

    inherit_cache = True
    type = Instant()

    def __init__(self, seconds: float = 0) -> None:
        super().__init__(bindparam("seconds", seconds, type_=Float(), unique=True))


@compiles(from_now)
def _on_postgresql(element: from_now, compiler: SQLCompiler, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"(statement_timestamp() + make_interval(secs => CAST({seconds} AS double precision)))"


@compiles(from_now, "sqlite")
def _on_sqlite(element: from_now, compiler: SQLCompiler, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"(strftime('%Y-%m-%dT%H:%M:%f', 'now', printf('%+.3f seconds', {seconds})) || '000Z')"
