"""Statements that run with every request: compiled once for each kind of database, then handed over as text.

SQLAlchemy finds the text of a statement by its structure whenever it runs, which costs more than a small
statement itself (0.1 ms and more). Values go through the same column types as ever, in both directions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

__all__ = ["Prepared"]

Values = Mapping[str, Any]
Process = Callable[[Any], Any] | None


class Prepared:
    """A statement that is kept: a constant of a module, or one of ``crm.statements``.

    Values that are not the same each time are named binds. Where one is a list (``expanding``) the text
    depends on its length; then SQLAlchemy runs the statement as usual.
    """

    __slots__ = ("_texts", "statement")

    def __init__(self, statement: Executable) -> None:
        self.statement = statement
        self._texts: dict[str, _Text | None] = {}

    def rows(self, session: Session, values: Values) -> Sequence[Any]:
        """The rows of a select, as sequences in the order of its columns; names that it lacks are passed over."""
        connection = session.connection()
        ready = self._for(connection.dialect)
        if ready is None:
            return connection.execute(self.statement, dict(values)).all()
        return ready.rows(connection, values)

    def run(self, session: Session, values: Values) -> int:
        """How many rows a statement that gives none has changed."""
        connection = session.connection()
        ready = self._for(connection.dialect)
        if ready is None:
            return connection.execute(self.statement, dict(values)).rowcount
        return ready.execute(connection, values).rowcount  # type: ignore[no-any-return]

    def _for(self, dialect: Dialect) -> _Text | None:
        name = dialect.name
        if name not in self._texts:
            compiled: Any = self.statement.compile(dialect=dialect)  # type: ignore[attr-defined]
            varying = any(bind.expanding or bind.literal_execute for bind in compiled.binds.values())
            self._texts[name] = None if varying else _Text(compiled, dialect)
        return self._texts[name]


class _Text:
    """The text for one dialect, and what turns values into the driver's and back."""

    __slots__ = ("_constants", "_given", "_order", "_results", "_text")

    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        self._text = str(compiled)
        self._order: Sequence[str] | None = compiled.positiontup
        processors: dict[str, Process] = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
        }
        self._constants = {
            name: _processed(processors[name], bind.effective_value)
            for name, bind in compiled.binds.items()
            if not bind.required
        }
        self._given = [(name, process) for name, process in processors.items() if name not in self._constants]
        columns = getattr(compiled.statement, "selected_columns", ())
        found = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._results = [(place, process) for place, process in enumerate(found) if process is not None]

    def execute(self, connection: Connection, values: Values) -> Any:
        """The result as SQLAlchemy gives it for plain text."""
        named = dict(self._constants)
        for name, process in self._given:
            named[name] = _processed(process, values[name])
        given: Any = named if self._order is None else tuple([named[name] for name in self._order])
        return connection.exec_driver_sql(self._text, given)

    def rows(self, connection: Connection, values: Values) -> Sequence[Any]:
        """All rows, with the values of the columns' types."""
        result = self.execute(connection, values)
        # The driver's own tuples: SQLAlchemy's rows know names, which nobody asks these for.
        found: Sequence[Any] = result.cursor.fetchall()
        result.close()
        if not self._results:
            return found
        rows = [list(row) for row in found]
        for row in rows:
            for place, process in self._results:
                row[place] = process(row[place])
        return rows


def _processed(process: Process, value: Any) -> Any:
    return value if process is None else process(value)
