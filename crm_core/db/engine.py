"""Engines and transactions: one recipe for SQLite and PostgreSQL.

SQLite runs in WAL mode with ``synchronous=FULL`` (what was acknowledged survives power loss), writers
open with ``BEGIN IMMEDIATE`` after they were given the one writer lane, readers with a plain ``BEGIN``
on connections that cannot write. PostgreSQL readers run in autocommit on read-only connections: one
round trip per statement.
"""

from __future__ import annotations

import contextlib
import fcntl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL

from crm_core.errors import ConfigurationError
from crm_core.text import fold, messages

__all__ = ["Database", "WriterLane", "open_database"]

_ = messages("core")

_SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=30000",
    "trusted_schema=OFF",
    "cache_size=-32000",
    "temp_store=MEMORY",
    "mmap_size=268435456",
)


class WriterLane:
    """Lets one writer at a time through, across threads and processes.

    SQLite's own busy loop is unfair (waits of seconds under load); a lock file gives every writer
    its turn. Not needed on PostgreSQL, where ``path`` is ``None`` and the lane is always free.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._depth = 0

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        if self._path is None:
            yield
            return
        with self._lock:
            if self._depth:
                yield
                return
            with self._path.open("a") as ticket:
                fcntl.flock(ticket, fcntl.LOCK_EX)
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1


class Database:
    """The engines of one installation.

    ``write`` opens transactions that may change data, ``read`` ones that cannot, ``schema`` those of
    migrations (SQLite: foreign keys off, so that rebuilding a table deletes nothing).
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self.sqlite = url.get_backend_name() == "sqlite"
        self.write = _engine(url, "write")
        self.read = _engine(url, "read")
        path = Path(url.database or "") if self.sqlite else None
        self.lane = WriterLane(path.with_name(path.name + ".lane") if path else None)

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.write.dialect.name

    @contextlib.contextmanager
    def schema(self) -> Iterator[Engine]:
        """An engine for migrations, closed at the end."""
        engine = _engine(self.url, "schema")
        try:
            yield engine
        finally:
            engine.dispose()

    def dispose(self) -> None:
        """Close all connections."""
        self.write.dispose()
        self.read.dispose()


def open_database(url: str) -> Database:
    """The database at an address, checked to be of a kind that is supported.

    Raises ``ConfigurationError`` for anything but a SQLite file or PostgreSQL.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ConfigurationError(
            _("The database %(url)s is of a kind that is not supported.", url=parsed.render_as_string()),
            hint=_("Use a SQLite file or PostgreSQL in CRM_DATABASE_URL."),
        )
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ConfigurationError(_("The embedded database needs a file."), hint=_("Set CRM_DATABASE_URL."))
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    return Database(parsed)


def _engine(url: URL, purpose: str) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, purpose)
    return _postgresql(url, purpose)


def _sqlite(url: URL, purpose: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 30, "cached_statements": 512}, pool_size=8, max_overflow=24)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        # The driver's own BEGIN would come only before the first UPDATE and autocommit DDL.
        connection.isolation_level = None
        for pragma in _SQLITE_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if purpose == "schema":
            connection.execute("PRAGMA foreign_keys=OFF")
        if purpose == "read":
            connection.execute("PRAGMA query_only=ON")
        connection.create_function("fold", 1, _fold, deterministic=True)

    begin = "BEGIN" if purpose == "read" else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _fold(text: object) -> str | None:
    """``fold`` as SQL has it: nothing stays nothing."""
    return None if text is None else fold(str(text))


def _postgresql(url: URL, purpose: str) -> Engine:
    options: dict[str, Any] = {"options": "-c timezone=UTC"}
    arguments: dict[str, Any] = {"pool_size": 8, "max_overflow": 24, "pool_pre_ping": False}
    if purpose == "read":
        options["options"] += " -c default_transaction_read_only=on"
        arguments["isolation_level"] = "AUTOCOMMIT"
        options["prepare_threshold"] = 1
    if purpose == "schema":
        arguments = {"pool_size": 2}
    engine = create_engine(url, connect_args=options, json_serializer=str, **arguments)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        _load_as_text(connection)

    return engine


def _load_as_text(connection: Any) -> None:
    """Ids stay text and JSON is read by orjson: no conversion that the caller would undo."""
    import orjson
    from psycopg.types.json import set_json_loads
    from psycopg.types.string import TextLoader

    connection.adapters.register_loader("uuid", TextLoader)
    loads: Callable[[str | bytes], Any] = orjson.loads
    set_json_loads(loads, connection)
