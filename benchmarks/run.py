"""``python -m benchmarks run``: ours behind ``crm serve`` beside the yardstick, on the same data, in the same run."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import click
from sqlalchemy import text

from benchmarks.client import Client
from benchmarks.firm import record_id
from benchmarks.inside import Caller, statements_of
from benchmarks.machine import Server, memory_mb, parent_of, processes
from benchmarks.measure import Pair, Result, measure
from benchmarks.work import WORKS, Place, Work
from crm_core.access.principal import system
from crm_core.db.engine import Database
from crm_core.runtime import Crm, build
from crm_core.service import identity
from crm_core.settings import Settings

__all__ = ["Run", "chosen", "run"]

_OURS, _RAW = 18_210, 18_211


class Run:
    """One measurement of one database: who asks, where the data is, the two servers."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.crm: Crm = build(settings)
        self.place = _place(self.crm.database)
        with self.crm.writing(system("benchmark")) as session:
            user = record_id("user", 1)
            token = identity.create_token(session, user, "benchmark", 1)
            cookie = identity.open_session(session, user, None, None).cookie_value
        self.by_token = {"Authorization": f"Bearer {token}"}
        self.by_cookie = {"Cookie": f"crm_staff={cookie}"}

    @contextlib.contextmanager
    def servers(self, workers: int = 1) -> Iterator[Pair]:
        """Both servers with so many workers, and clients for them."""
        with contextlib.ExitStack() as stack:
            raw = self._start(stack, _raw_command(workers), {"BENCHMARK_DATABASE": self.settings.database_url}, _RAW)
            ours = self._start(stack, ["-m", "crm_core.cli", "serve"], _environ(self.settings, workers), _OURS)
            for server in (raw, ours):
                server.settle()
            yield Pair(
                ours=ours,
                raw=raw,
                token=Client(_OURS, self.by_token),
                cookie=Client(_OURS, self.by_cookie),
                plain=Client(_RAW),
                database=_server_of(self.crm.database),
            )

    def statements(self, works: Sequence[Work]) -> dict[str, int]:
        """The statements of one run of each work."""
        from crm_web import create_app

        app, found = create_app(self.crm), dict[str, int]()
        for work in works:
            caller = Caller(app, self.by_cookie if work.page else self.by_token)
            found[work.id] = statements_of(self.crm, work, caller, self.place)
        return found

    def _start(self, stack: contextlib.ExitStack, command: Sequence[str], environ: dict[str, str], port: int) -> Server:
        log = self.settings.data_dir / "servers.log"
        server = Server([sys.executable, *command], environ, port, log)
        stack.callback(server.stop)
        return server


def run(settings: Settings, works: Sequence[Work], rounds: int, turns: int) -> list[Result]:
    """Measure works and say what comes of it, line by line."""
    session = Run(settings)
    counts = session.statements(works)
    results = []
    with session.servers() as pair:
        click.echo(f"{session.place.accounts:,} accounts; crm serve answers after {pair.ours.started:.1f} s")
        for number, pid in enumerate(processes(pair.ours.pid)):
            resident, own = memory_mb(pid)
            name = "supervisor" if number == 0 else "process"
            click.echo(f"idle {name}: {resident:.0f} MB resident, {own:.0f} MB its own")
        click.echo(_HEAD)
        for work in works:
            found = measure(pair, work, session.place, 3 if work.once else rounds, turns)
            results.append(Result(work=work, ours=found.ours, raw=found.raw, statements=counts[work.id]))
            click.echo(_line(results[-1]))
    return results


def failures(results: Sequence[Result]) -> list[str]:
    """The works that cost more than they may."""
    slow = [
        f"{found.work.id}: {found.ratio:.1f} × instead of {found.work.limit:g}"
        for found in results
        if found.ratio > found.work.limit
    ]
    chatty = [
        f"{found.work.id}: {found.statements} statements instead of {found.work.statements}"
        for found in results
        if found.work.statements and found.statements and found.statements > found.work.statements
    ]
    return slow + chatty


def chosen(ids: Sequence[str]) -> list[Work]:
    """The works with these ids, all where none is named; raises ``click.BadParameter`` for an unknown one."""
    unknown = set(ids) - {work.id for work in WORKS}
    if unknown:
        raise click.BadParameter(f"no such work: {', '.join(sorted(unknown))}")
    return [work for work in WORKS if not ids or work.id in ids]


_HEAD = f"{'work':<39}{'raw ms':>16}{'ours ms':>16}{'ratio':>8}{'may be':>8}{'SQL':>5}{'KB':>8}"


def _line(found: Result) -> str:
    parts = [f"{cost.app_ms:.2f} + {cost.database_ms:.2f}" for cost in (found.raw, found.ours)]
    label = f"{found.work.id} {found.work.label}"
    sizes = f"{found.statements or '-':>5}{found.ours.bytes / 1024:>8.1f}"
    return f"{label:<39}{parts[0]:>16}{parts[1]:>16}{found.ratio:>7.2f}×{found.work.limit:>7g}×{sizes}"


def _place(database: Database) -> Place:
    count, middle = "SELECT count(*) FROM plain_account", "SELECT {} FROM {} ORDER BY {}, id LIMIT 1 OFFSET {}"
    with database.read.connect() as connection:
        accounts = int(connection.scalar(text(count)) or 0)
        half = accounts // 2
        ours = connection.execute(text(middle.format("name_fold, id", "core_account", "name_fold", half))).one()
        raw = connection.execute(text(middle.format("name, id", "plain_account", "name", half))).one()
    return Place(accounts=accounts, middle=(str(ours[0]), str(ours[1]), str(raw[0]), int(raw[1])), run=uuid4().hex[:8])


def _server_of(database: Database) -> int | None:
    """The first process of a PostgreSQL server on this machine."""
    if database.sqlite:
        return None
    with database.read.connect() as connection:
        return parent_of(int(connection.scalar(text("SELECT pg_backend_pid()")) or 0))


def _raw_command(workers: int) -> list[str]:
    server = ["-m", "granian", "--interface", "wsgi", "--factory", "--no-ws", "--blocking-threads", "4"]
    return [*server, "--workers", str(workers), "--port", str(_RAW), "benchmarks.raw_app:application"]


def _environ(settings: Settings, workers: int) -> dict[str, str]:
    return {
        "CRM_DATABASE_URL": settings.database_url,
        "CRM_DATA_DIR": str(Path(settings.data_dir).absolute()),
        "CRM_ZONE": settings.zone,
        "CRM_PORT": str(_OURS),
        "CRM_WORKERS": str(workers),
    }
