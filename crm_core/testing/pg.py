"""A private PostgreSQL server for tests: started when first asked for, gone when nobody uses it any more.

A *cluster* is one server with its own folder, reachable on a random loopback port with a random password. A guardian
process owns it and waits for the lock that every user of the cluster holds; the kernel gives that lock back however a
user ends, so that even a killed test run leaves no server behind.

    with shared_cluster(folder) as cluster:           # the same server for all workers of one run
        template = cluster.template("core", migrate)  # filled once
        cluster.create("test_1", template=template)   # a copy, in some 30 ms
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg import sql

__all__ = ["Cluster", "PostgresqlMissing", "find_binaries", "shared_cluster", "start_cluster"]

START_SECONDS = 60
"""How long a server may take to accept connections; a busy machine with two cores needs some five."""

APPLICATION = "crm"
"""The role that owns the test databases: no superuser, as in a sound installation."""

FAST: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Nobody needs the data of a test after a power cut; tests of crashes ask for ``durable=True``."""


class PostgresqlMissing(Exception):
    """This machine has no PostgreSQL server to start; the text says where it was looked for."""


def find_binaries() -> Path:
    """The folder with ``initdb`` and ``postgres``: from PATH, else the newest that Debian packages install.

    Raises PostgresqlMissing when there is none.
    """
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found:
        raise PostgresqlMissing("PostgreSQL is not installed: no initdb in PATH or /usr/lib/postgresql/*/bin")
    return max(found, key=lambda folder: float(folder.parent.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A running server. ``folder`` holds its data, its log and the lock that keeps it alive."""

    folder: Path
    port: int
    password: str
    hold: IO[bytes]

    def url_for(self, database: str) -> str:
        """The SQLAlchemy address of a database, for the role that owns the test databases."""
        return f"postgresql+psycopg://{APPLICATION}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str | None = None) -> str:
        """Makes a database, a copy of ``template`` if one is given, and returns its address.

        The template must have no open connections.
        """
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
            sql.Identifier(database), sql.Identifier(APPLICATION), sql.Identifier(template or "template0")
        )
        self._administer(statement)
        return self.url_for(database)

    def drop(self, database: str) -> None:
        """Removes a database if it exists, and the connections that are still open to it."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def template(self, name: str, fill: Callable[[str], None]) -> str:
        """The name of a database that ``fill(address)`` has filled, once for all users of the cluster.

        ``fill`` must close its connections. When it raises, the next caller begins anew.
        """
        with _locked(self.folder / f"template-{name}.lock") as lock:
            if not lock.read():
                self.drop(name)
                fill(self.create(name))
                lock.write(b"filled")
        return name

    def stop(self) -> None:
        """Gives this use up. The server stops when no other user is left; its folder goes with it."""
        self.hold.close()

    def _administer(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            password=self.password,
            dbname="postgres",
            autocommit=True,
            connect_timeout=10,
        )


def start_cluster(folder: Path | None = None, *, durable: bool = False) -> Cluster:
    """Starts a server in ``folder``, or joins the one that already runs there; without a folder it is a new one.

    ``durable`` leaves fsync on, for tests that kill the server. The caller must call ``stop()``; a process that dies
    without it gives its use up as well. Raises PostgresqlMissing when there is no PostgreSQL on this machine.
    """
    find_binaries()
    # Not under pytest's temporary folder: the path of a Unix socket has at most 107 bytes.
    home = folder or Path(tempfile.mkdtemp(prefix="crm-pg-"))
    home.mkdir(parents=True, exist_ok=True)
    with _locked(home.with_name(home.name + ".lock")):
        hold = (home / "users.lock").open("ab")
        fcntl.flock(hold, fcntl.LOCK_SH)
        running = home / "running.json"
        if not running.exists():
            _launch(home, durable)
        port, password = json.loads(running.read_text(encoding="utf-8"))
    return Cluster(folder=home, port=port, password=password, hold=hold)
