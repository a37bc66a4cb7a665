"""A private PostgreSQL server for tests: started when first asked for, gone when nobody uses it any more.

A *cluster* is one server with a folder of its own, reachable on a random loopback port with a random password. All
workers of a test run join the same one by naming the same folder. Its users share a lock on a file in that folder; the
kernel gives a user's share back however the user ends, so that even a killed test run leaves no server behind.

    cluster = start_cluster(folder)                        # starts it, or joins it
    template = cluster.template("core", migrate)           # filled once for all users
    address = cluster.create("test_1", template=template)  # a copy of it
    cluster.stop()
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from crm_core.testing._pg_server import (
    USERS_LOCK,
    PostgresqlFailed,
    PostgresqlMissing,
    find_binaries,
    start_guardian,
    start_server,
)

__all__ = ["Cluster", "PostgresqlFailed", "PostgresqlMissing", "start_cluster"]

_OWNER = "crm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A running server that this process uses until ``stop()``. ``folder`` holds its data and its log."""

    folder: Path
    port: int
    password: str
    hold: IO[bytes]

    def url_for(self, database: str) -> str:
        """The SQLAlchemy address of a database, for the role that owns the test databases.

        As in a sound installation, that role is no superuser.
        """
        return f"postgresql+psycopg://{_OWNER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str | None = None) -> str:
        """Makes a database, empty or as a copy of ``template``, and returns its address.

        PostgreSQL refuses while connections to the template are open.
        """
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        names = (sql.Identifier(name) for name in (database, _OWNER, template or "template0"))
        _administer(self.port, self.password, statement.format(*names))
        return self.url_for(database)

    def drop(self, database: str) -> None:
        """Removes a database if it exists, and ends the connections that are still open to it."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
        _administer(self.port, self.password, statement)

    def template(self, name: str, fill: Callable[[str], None]) -> str:
        """Makes sure that the database ``name`` exists and ``fill(address)`` has filled it, once for all users.

        ``fill`` must close its connections. When it raises, the next caller begins anew. Returns ``name``.
        """
        with _locked(self.folder / f"template-{name}.lock") as mark:
            if not mark.read():
                self.drop(name)
                fill(self.create(name))
                mark.write(b"filled")
        return name

    def stop(self) -> None:
        """Ends this use. The server stops when its last user has, at once but not before this returns."""
        self.hold.close()


def start_cluster(folder: Path | None = None, *, durable: bool = False) -> Cluster:
    """Starts a server in ``folder``, or joins the one that runs there; without a folder it is always a new one.

    ``durable`` keeps fsync on, for tests that kill the server; only who starts the server decides it. Keep the path of
    the folder short, because a Unix socket in it may have 107 bytes. Raises PostgresqlMissing when this machine has no
    PostgreSQL, and PostgresqlFailed with the server's own words when it does not start.
    """
    find_binaries()
    home = folder or Path(tempfile.mkdtemp(prefix="crm-pg-"))
    hold = _join(home)
    try:
        port, password = _address(home, durable)
    except BaseException:
        hold.close()
        raise
    return Cluster(folder=home, port=port, password=password, hold=hold)


def _join(home: Path) -> IO[bytes]:
    """Takes a share of the users' lock, so that the folder stays as long as the returned file is open."""
    while True:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            hold = (home / USERS_LOCK).open("ab")
        except FileNotFoundError:
            continue
        fcntl.flock(hold, fcntl.LOCK_SH)
        # While we waited for the lock, the guardian may have removed the file: then it has no name any more.
        if os.fstat(hold.fileno()).st_nlink:
            return hold
        hold.close()


def _address(home: Path, durable: bool) -> tuple[int, str]:
    """Port and password of the server in ``home``, which the first caller starts while the others wait."""
    with _locked(home / "start.lock") as mark:
        known = mark.read()
        if not known:
            password = secrets.token_urlsafe(16)
            start_guardian(home)
            port = start_server(home, superuser_password=password, durable=durable)
            role = sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}")
            _administer(port, password, role.format(sql.Identifier(_OWNER), sql.Literal(password)))
            known = json.dumps([port, password]).encode()
            mark.write(known)
    port, password = json.loads(known)
    return port, password


def _administer(port: int, password: str, statement: sql.Composed) -> None:
    """Runs one statement as the superuser of the server."""
    address = psycopg.conninfo.make_conninfo(
        host="127.0.0.1", port=port, user="postgres", password=password, dbname="postgres", connect_timeout=10
    )
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """The file ``path``, made when missing, which nobody else can lock meanwhile; it is read from its beginning."""
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        yield file
