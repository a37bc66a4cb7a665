"""What a job function is given: ``run(context, args)``.

A short job does everything in its last step; that it is done and what it did are then one transaction:

    def run(context, args):
        with context.step(last=True) as step:
            write(step.session, args["id"])
            step.result = {"written": 1}

A long one works in chunks. Each step is a transaction that also stores how far the job is, so that
after a crash at any moment at most one chunk is done again, and nothing twice:

    def run(context, args):
        for chunk in chunks(args["file"], after=context.cursor.get("row", 0)):
            if context.cancelled:
                raise Cancelled({"rows": context.done})
            with context.step() as step:
                write(step.session, chunk)
                step.cursor["row"] = chunk.last_row
                step.done += len(chunk)
        return {"rows": context.done}
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from crm_core.access.principal import Principal
from crm_core.job import lease
from crm_core.job.lease import Claimed, Lost

if TYPE_CHECKING:
    from crm_core.runtime import Crm

__all__ = ["Cancelled", "Context", "Parked", "Step", "Stopped"]


class Cancelled(Exception):
    """Raised by a job function to end the job because it was asked to stop; ``result`` is kept."""

    def __init__(self, result: Mapping[str, Any] | None = None) -> None:
        super().__init__("cancelled")
        self.result = result


class Parked(Exception):
    """Raised by a job function: what it needs is switched off; the job waits until modules change."""


class Stopped(Exception):
    """Raised by ``Context.step`` when the worker is to end; another one resumes the job."""


@dataclass(slots=True, kw_only=True)
class Step:
    """One transaction of a job; what is assigned here is stored with what it writes.

    ``cursor`` says where to resume, ``done`` and ``total`` are rows of true progress, ``result`` counts in
    the last step only.
    """

    session: Session
    cursor: dict[str, Any]
    done: int
    total: int | None
    result: dict[str, Any] = field(default_factory=dict)


class Context:
    """The running job: the program, the actor with its present rights, the place to resume at.

    ``actor`` has the rights of who enqueued the job as they are when it starts; jobs of the program itself
    act as ``system``. ``cursor``, ``done`` and ``total`` are as the last committed step left them.
    """

    def __init__(self, crm: Crm, actor: Principal, job: Claimed, lease_seconds: float) -> None:
        self.crm = crm
        self.actor = actor
        self.job = job
        self.cursor: Mapping[str, Any] = dict(job.cursor)
        self.done = job.done
        self.total = job.total
        self.cancelled = job.cancel_asked
        """Whether somebody asked the job to stop, as of the last step or beat."""
        self.ended = False
        self.lost = False
        self.stopping = False
        self.progressed_at = time.monotonic()
        self._lease_seconds = lease_seconds

    @contextlib.contextmanager
    def step(self, *, last: bool = False, origin: str = "job") -> Iterator[Step]:
        """One transaction, committed together with the job's progress; ``last`` ends the job in it.

        Raises ``Lost`` when the job has meanwhile been given to another worker: nothing is written then.
        """
        self._may_go_on()
        with self.crm.writing(self.actor, origin=origin) as session:
            step = Step(session=session, cursor=dict(self.cursor), done=self.done, total=self.total)
            yield step
            cancelled = self._store(step, last)
        self.cursor, self.done, self.total = step.cursor, step.done, step.total
        self.cancelled, self.ended = cancelled, last
        self.progressed_at = time.monotonic()

    def beat(self) -> None:
        """Renew the lease from another thread; notes whether the job is lost or to be cancelled."""
        try:
            with self.crm.writing(self.actor, origin="job") as session:
                self.cancelled = lease.heartbeat(session, self.job.id, self.job.token, self._lease_seconds)
        except Lost:
            # The job may just have ended by itself; the worker's next statement finds out.
            self.lost = True

    def _may_go_on(self) -> None:
        if self.lost or self.ended:
            raise Lost(self.job.id)
        if self.stopping:
            raise Stopped(self.job.id)

    def _store(self, step: Step, last: bool) -> bool:
        session, job = step.session, self.job
        asked = self.cancelled
        if not last or (step.done, step.total) != (self.done, self.total):
            asked = lease.advance(
                session,
                job.id,
                job.token,
                cursor=step.cursor,
                done=step.done,
                total=step.total,
                lease_seconds=self._lease_seconds,
            )
        if last:
            lease.finish(session, job.id, job.token, step.result)
        return asked
