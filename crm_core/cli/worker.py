"""``crm worker``: runs the background work."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from crm_core.runtime import Crm

__all__ = ["command"]


@click.command("worker")
@click.option("--threads", default=2, show_default=True, help="How many jobs run at once.")
@click.option("--tether", type=int, hidden=True, help="A pipe of the supervisor: end when it is closed.")
def command(threads: int, tether: int | None) -> None:
    """Run the background work until told to stop (Ctrl+C).

    `crm serve` starts one by itself; further ones may run on this or other hosts. Jobs that run when the
    worker is stopped are resumed by another one.
    """
    import logging

    from crm_core.job.tether import tie

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if tether is not None:
        tie(tether, grace_seconds=25)
    sys.exit(_work(threads, alone=tether is None))


def _work(threads: int, *, alone: bool) -> int:
    """Run until told to stop; gives the exit code.

    Without a supervisor it starts itself anew when other code was installed or a job had to be broken off.
    """
    import signal

    from crm_core.job.runner import Runner
    from crm_core.plugin.code import CodeWatch
    from crm_core.service.relay import Relay

    watch = CodeWatch()
    renew = False

    def look(_crm: Crm) -> None:
        nonlocal renew
        if alone and watch.changed():
            renew = True
            runner.stop()

    runner = Runner(_program(), threads=threads, ticks=[Relay(), look])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: runner.stop())
    # A chunk of an import makes hundreds of thousands of small objects, and no cycles of them: looking
    # for such as often as Python does by itself took a fifth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    finished = runner.run()
    if alone and (renew or runner.spent):
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this very command again
    if not finished:
        # A thread that cannot be ended would hold up the interpreter; its job was given up or its lease expires.
        os._exit(os.EX_TEMPFAIL)
    return os.EX_TEMPFAIL if runner.spent else os.EX_OK


def _program() -> Callable[[], Crm]:
    """The program as it is now, built anew when modules were switched on or off."""
    from crm_core.db.engine import open_database
    from crm_core.plugin.generation import Current
    from crm_core.runtime import build
    from crm_core.settings import read_settings

    settings = read_settings()
    database = open_database(settings.database_url)

    def make() -> tuple[int, Crm]:
        crm = build(settings, database)
        return crm.generation, crm

    return Current(database, make).get
