"""The job runner: threads that take jobs from the ledger, and one that watches over them.

The watching thread renews leases, wakes the others when something is due, fires the schedules, lets the
relay work, and puts right what lost workers and switched-off modules left behind. Any number of runners,
in any number of processes and hosts, may work on one database.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import exists, literal_column, or_, select

from crm_core.access.principal import system
from crm_core.db.clock import from_now
from crm_core.job import lease, ledger
from crm_core.job.bell import Bell, listening
from crm_core.job.context import Context
from crm_core.job.lease import Lost
from crm_core.job.perform import Overrun, perform
from crm_core.job.schedule import fire, firings
from crm_core.model import Job
from crm_core.plugin.contributions import Job as JobKind

if TYPE_CHECKING:
    from crm_core.runtime import Crm

__all__ = ["Runner"]

_log = logging.getLogger("crm.job")
_JOB = Job.__table__
_RUNNER = system("job runner")
_DUE = select(
    from_now(),
    or_(
        exists().where(_JOB.c.state == literal_column("'ready'"), _JOB.c.run_at <= from_now()),
        exists().where(_JOB.c.state == literal_column("'running'"), _JOB.c.lease_until < from_now()),
    ),
)
_TIDY_EVERY = 10.0
_LAST_CHANCE = 10.0
"""How long a job that was told to stop because it overran may take to do so."""


class Runner:
    """Runs jobs until it is told to stop.

    ``source`` gives the program as it is now, ``ticks`` are called at each look (the relay). A job has a
    lease of ``lease_seconds``, renewed while it runs; if its process is killed, it is resumed elsewhere
    after at most that time.
    """

    def __init__(
        self,
        source: Callable[[], Crm],
        *,
        threads: int = 2,
        lease_seconds: float = 30.0,
        poll_seconds: float = 0.5,
        ticks: Sequence[Callable[[Crm], None]] = (),
    ) -> None:
        self._source = source
        self._crm = source()
        self._threads = threads
        self._lease_seconds = lease_seconds
        self._poll_seconds = poll_seconds
        self._ticks = ticks
        self._stopping = threading.Event()
        self._work = threading.Event()
        self._running: dict[int, Context] = {}
        self._beaten: dict[str, float] = {}
        self._overrun: dict[str, float] = {}
        self._fired: dict[str, str] = {}
        self._tidied_at = float("-inf")
        self._bell: Bell | None = None
        self.spent = False
        """Whether a job had to be broken off: the process is in an unknown state, and a new one should go on."""

    def run(self, *, grace_seconds: float = 20.0) -> bool:
        """Work until ``stop``; says whether every job came to an end or was given back in time."""
        _log.info("background work is done by %s threads of process %s", self._threads, os.getpid())
        self._adopt(self._crm)
        threads = [threading.Thread(target=self._serve, name=f"job-{n}", daemon=True) for n in range(self._threads)]
        with listening(self._crm.settings.data_dir) as self._bell:
            for thread in threads:
                thread.start()
            while not self._stopping.is_set():
                self._guarded(self._look)
                self._bell.wait(self._poll_seconds)
            self._work.set()
            return self._wind_up(threads, time.monotonic() + grace_seconds)

    def stop(self) -> None:
        """Take no more jobs; those that run go on until their next step. May be called by a signal handler."""
        self._stopping.set()
        if self._bell is not None:
            self._bell.ring()

    def _wind_up(self, threads: Sequence[threading.Thread], until: float) -> bool:
        while any(thread.is_alive() for thread in threads) and time.monotonic() < until:
            for context in list(self._running.values()):
                context.stopping = True
            self._guarded(self._beat)
            threads[0].join(0.05)
            self._work.set()
        return not any(thread.is_alive() for thread in threads)

    def _serve(self) -> None:
        """What each of the threads does."""
        while not self._stopping.is_set():
            self._work.wait()
            if not self._guarded(self._take):
                self._work.clear()

    def _take(self) -> bool:
        crm = self._crm
        kinds = {kind.id: kind for kind in crm.all(JobKind)}
        if self._stopping.is_set():
            return False
        with crm.writing(_RUNNER, origin="job") as session:
            job = lease.claim(session, kinds, self._lease_seconds)
        if job is None:
            return False
        try:
            perform(crm, job, kinds[job.kind].target, self._lease_seconds, self._watch)
        finally:
            self._running.pop(threading.get_ident(), None)
            self._beaten.pop(job.token, None)
            self._overrun.pop(job.token, None)
        return True

    def _watch(self, context: Context) -> None:
        context.stopping = self._stopping.is_set()
        self._beaten[context.job.token] = time.monotonic()
        self._running[threading.get_ident()] = context

    def _look(self) -> bool:
        self._beat()
        crm = self._source()
        if crm is not self._crm:
            self._adopt(crm)
        with crm.database.read.connect() as connection:
            now, due = connection.execute(_DUE).one()
        self._fire(crm, now)
        for tick in self._ticks:
            self._guarded(lambda tick=tick: tick(crm))  # type: ignore[misc]
        if time.monotonic() >= self._tidied_at + _TIDY_EVERY:
            self._tidy(crm)
        if due:
            self._work.set()
        return True

    def _adopt(self, crm: Crm) -> None:
        """Go on with another program: jobs that waited for its modules may run."""
        self._crm = crm
        self._fired.clear()
        with crm.writing(_RUNNER, origin="job") as session:
            ledger.unpark(session, _kinds(crm))

    def _tidy(self, crm: Crm) -> None:
        self._tidied_at = time.monotonic()
        with crm.writing(_RUNNER, origin="job") as session:
            ledger.park(session, _kinds(crm))
            ledger.bury(session)

    def _fire(self, crm: Crm, now: datetime) -> None:
        latest = firings(crm.all(JobKind), now)
        new = {kind: key for kind, key in latest.items() if self._fired.get(kind) != key}
        if new:
            with crm.writing(_RUNNER, origin="job") as session:
                fire(session, new)
            self._fired.update(new)
            self._work.set()

    def _beat(self) -> None:
        """Renew the leases that need it, and end the jobs that make no progress."""
        now = time.monotonic()
        limits = {kind.id: kind.max_seconds for kind in self._crm.all(JobKind)}
        for thread, context in list(self._running.items()):
            token = context.job.token
            if now - context.progressed_at > limits.get(context.job.kind, self._lease_seconds):
                self._break_off(thread, context, now)
            elif now - self._beaten.get(token, now) > self._lease_seconds / 3:
                self._beaten[token] = now
                self._guarded(lambda context=context: context.beat())  # type: ignore[misc]
        if self.spent and all(context.lost for context in list(self._running.values()) if self._hangs(context)):
            self.stop()

    def _hangs(self, context: Context) -> bool:
        return context.job.token in self._overrun

    def _break_off(self, thread: int, context: Context, now: float) -> None:
        """Raise ``Overrun`` in a job's thread; if it does not end then, give the job up for it.

        The exception may come at any place, also where a lock is held, so the process is not used any longer.
        """
        token = context.job.token
        if token not in self._overrun:
            self._overrun[token], self.spent = now, True
            _log.error("job %s (%s) makes no progress and is broken off", context.job.id, context.job.kind)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Overrun))
        elif now - self._overrun[token] > _LAST_CHANCE and not context.lost:
            context.lost = True
            with contextlib.suppress(Lost), self._crm.writing(_RUNNER, origin="job") as session:
                lease.fail(session, context.job.id, token, f"{Overrun()}, and could not be ended")

    def _guarded(self, act: Callable[[], bool | None]) -> bool | None:
        """Do something whose failure must not end the runner: the database may be away for a while."""
        try:
            return act()
        except Exception:  # noqa: BLE001 - isolation point: logged, and tried again at the next look
            _log.exception("the job runner goes on after an error")
            self._stopping.wait(self._poll_seconds)
            return False


def _kinds(crm: Crm) -> list[str]:
    return [kind.id for kind in crm.all(JobKind)]
