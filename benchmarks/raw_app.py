"""The yardstick as a server: Flask, the driver with prepared statements, orjson, and nothing else."""

from __future__ import annotations

import csv
import io
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from flask import Flask, Response, request
from sqlalchemy import make_url

from benchmarks import plain

__all__ = ["application"]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_FIELDS = ("account_id", "first_name", "last_name", "email", "phone")
Rows = list[dict[str, Any]]


class _Driver:
    """A connection for each thread, and the SQL of one database."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self._address = parsed.database if self.sqlite else parsed.set(drivername="postgresql").render_as_string(False)
        self._local = threading.local()
        self._known: dict[str, str] = {}

    @property
    def connection(self) -> Any:
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connect()
        return self._local.connection

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        return self.connection.execute(self._worded(statement), values)

    def rows(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        cursor = self.execute(statement, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE" if self.sqlite else "BEGIN")

    def commit(self) -> None:
        self.connection.execute("COMMIT")

    def _worded(self, statement: str) -> str:
        if self.sqlite:
            return statement
        if statement not in self._known:
            self._known[statement] = statement.replace("?", "%s")
        return self._known[statement]

    def _connect(self) -> Any:
        if not self.sqlite:
            import psycopg

            return psycopg.connect(self._address or "", autocommit=True, prepare_threshold=0)
        connection = sqlite3.connect(self._address or "", isolation_level=None, timeout=30, cached_statements=256)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-32000", "mmap_size=268435456"):
            connection.execute(f"PRAGMA {pragma}")
        return connection


def application() -> Flask:
    """The application for the database in ``BENCHMARK_DATABASE``."""
    app, driver = Flask("raw", static_folder=None), _Driver(os.environ["BENCHMARK_DATABASE"])
    part = "part_sqlite" if driver.sqlite else "part"
    views: dict[str, Callable[..., Response]] = {
        "/healthz": lambda: Response("ok"),
        "/list": lambda: _answer(driver.rows(plain.READS["list"][0])),
        "/page": lambda: _answer(driver.rows(plain.READS["page"][0], (request.args["name"], int(request.args["id"])))),
        "/part": lambda: _answer(driver.rows(plain.READS[part][0], (_pattern(driver, request.args["q"]),))),
        "/point": lambda: _answer(driver.rows(plain.READS["point"][0], (request.args["q"],) * 2)),
        "/card/<int:number>": lambda number: _card(driver, number),
    }
    for path, view in views.items():
        app.add_url_rule(path, path, view)
    for path, work in (("/create", _create), ("/assign", _assign), ("/import", _import)):
        app.add_url_rule(path, path, lambda work=work: _answer(work(driver)), methods=["POST"])
    return app


def _answer(value: object) -> Response:
    return Response(orjson.dumps(value, default=str), mimetype="application/json")


def _pattern(driver: _Driver, text: str) -> str:
    return f'"{text}"' if driver.sqlite else f"%{text}%"


def _card(driver: _Driver, number: int) -> Response:
    names = ("account", "contacts", "history")
    if driver.sqlite:
        parts = zip(names, plain.READS["card"], strict=True)
        return _answer({name: driver.rows(statement, (number,)) for name, statement in parts})
    with driver.connection.pipeline():
        cursors = [driver.execute(text, (number,)) for text in plain.READS["card"]]
        found = [
            [dict(zip([column.name for column in cursor.description], row, strict=True)) for row in cursor]
            for cursor in cursors
        ]
    return _answer(dict(zip(names, found, strict=True)))


def _create(driver: _Driver) -> object:
    given = orjson.loads(request.data)
    if not given.get("last_name") or not _EMAIL.fullmatch(given["email"]):
        return {"error": "invalid"}
    driver.begin()
    if driver.execute(plain.KNOWN_EMAIL, (given["email"],)).fetchone() is None:
        (given["id"],) = driver.execute(plain.ADD_CONTACT, [given[name] for name in _FIELDS]).fetchone()
        driver.execute(plain.ADD_EVENT, (given["account_id"], given["id"], "create", "contact created"))
    driver.commit()
    return {"id": given.get("id")}


def _assign(driver: _Driver) -> object:
    given = orjson.loads(request.data)
    owner, ids = given["owner"], given["ids"]
    driver.begin()
    if driver.sqlite:
        for statement in plain.ASSIGN_ONE:
            driver.connection.executemany(statement, [(owner, number) for number in ids])
    else:
        driver.execute(plain.ASSIGN, (owner, ids))
    driver.commit()
    return {"updated": len(ids)}


def _import(driver: _Driver) -> object:
    good: dict[str, list[Any]] = {}
    for row in csv.DictReader(io.StringIO(request.get_data(as_text=True))):
        if _EMAIL.fullmatch(row["email"]):
            good.setdefault(row["email"], [row[name] for name in _FIELDS])
    driver.begin()
    driver.execute(plain.STAGE)
    if driver.sqlite:
        driver.connection.executemany(plain.STAGE_ROW, good.values())
    else:
        with driver.connection.cursor().copy("COPY staged FROM STDIN") as copy:
            for values in good.values():
                copy.write_row(values)
    for statement in plain.IMPORT_SQLITE if driver.sqlite else plain.IMPORT:
        driver.execute(statement)
    driver.execute("DROP TABLE staged")
    driver.commit()
    return {"rows": len(good)}
