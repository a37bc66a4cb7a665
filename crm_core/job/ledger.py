"""The job ledger: background work as rows of the application's own database.

A job is enqueued in the caller's transaction, so it exists exactly when what it belongs to does. Workers
take jobs on lease (see ``job.lease``); leases and due times are compared by the clock of the database,
which all hosts share.

                 enqueue            claim            finish, cancel
    (nothing) ─────────────▶ ready ───────▶ running ────────────────▶ done, cancelled
                             │ ▲ ◀───────────┘ │ │
                        park ▼ │ unpark, fail, │ │ fail for the last time,
                          parked      release  │ ▼ worker lost too often
                             ▲─────────────────┘ dead
                                   put aside
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Update, case, delete, false, literal_column, or_, select, true, update
from sqlalchemy.orm import Session

from crm_core.db.base import new_id
from crm_core.db.bulk import insert_if_new
from crm_core.db.clock import from_now
from crm_core.db.session import actor_of
from crm_core.errors import NotFound
from crm_core.job.bell import ring_after_commit
from crm_core.job.limit import within_limits
from crm_core.model import Job
from crm_core.plugin.contributions import Job as JobKind

__all__ = ["Progress", "ask_cancel", "bury", "enqueue", "enqueue_all", "forget", "park", "progress", "unpark"]

_JOB = Job.__table__
_MAX_ATTEMPTS = 5
_READY = _JOB.c.state == literal_column("'ready'")
_ORPHANED = (_JOB.c.state == literal_column("'running'")) & (_JOB.c.lease_until < from_now())


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is; ``done`` and ``total`` count rows, ``error`` is its last failure."""

    id: str
    kind: str
    state: str
    done: int
    total: int | None
    attempts: int
    cancel_asked: bool
    result: Mapping[str, Any] | None
    error: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in {"done", "dead", "cancelled"}


def enqueue(
    session: Session,
    kind: str,
    args: Mapping[str, Any],
    *,
    key: str | None = None,
    run_at: datetime | None = None,
    priority: int = 100,
    principal_id: str | None = None,
    total: int | None = None,
    max_attempts: int | None = None,
) -> str:
    """Put a job into the ledger when the transaction commits; gives its id.

    A ``key`` exists once: enqueuing it again gives the id of the job that has it, whatever its state.
    ``run_at`` is the earliest moment (now), a small ``priority`` goes first, ``principal_id`` is the
    principal whose rights the job has (the session's actor). Raises ``ValueError`` for arguments that
    are no plain data or bigger than ``limit.MAX_BYTES``.
    """
    row = {
        "id": new_id(),
        "kind": kind,
        "args": within_limits("arguments", args),
        "principal_id": principal_id or actor_of(session).id,
        "key": key,
        "run_at": from_now() if run_at is None else run_at,
        "priority": priority,
        "total": total,
        "max_attempts": max_attempts or _attempts_of(session, kind),
    }
    ring_after_commit(session)
    statement = insert_if_new(session, _JOB).values(row).returning(_JOB.c.id)
    made = session.execute(statement).scalar()
    return str(made or session.execute(select(_JOB.c.id).where(_JOB.c.key == key)).scalar_one())


def enqueue_all(session: Session, kind: str, jobs: Mapping[str, Mapping[str, Any]]) -> None:
    """Enqueue many jobs of one kind, ``key -> arguments``, in one go; keys that exist are left out."""
    if not jobs:
        return
    common = {"kind": kind, "principal_id": actor_of(session).id, "max_attempts": _attempts_of(session, kind)}
    rows = [
        {"id": new_id(), "key": key, "args": within_limits("arguments", args), **common} for key, args in jobs.items()
    ]
    ring_after_commit(session)
    statement = insert_if_new(session, _JOB).values(run_at=from_now())
    session.connection().execute(statement, rows)


def ask_cancel(session: Session, job_id: str) -> None:
    """Stop a job: at once if it waits, at its next step if it runs. Raises ``NotFound`` for others' jobs."""
    waiting = _JOB.c.state.in_(["ready", "parked"])
    values = {
        "cancel_asked": true(),
        "state": case((waiting, "cancelled"), else_=_JOB.c.state),
        "finished_at": case((waiting, from_now()), else_=_JOB.c.finished_at),
    }
    if not _count(session, update(_JOB).where(_JOB.c.id == job_id, _mine(session)).values(values)):
        raise NotFound


def progress(session: Session, job_id: str) -> Progress:
    """How far a job is. Raises ``NotFound`` for the jobs of others, unless the actor is an administrator."""
    columns = [_JOB.c[name] for name in Progress.__dataclass_fields__]
    row = session.execute(select(*columns).where(_JOB.c.id == job_id, _mine(session))).mappings().first()
    if row is None:
        raise NotFound
    return Progress(**row)


def park(session: Session, known: Collection[str]) -> int:
    """Put aside the due jobs of kinds that nobody knows because their module is off; gives their number."""
    unknown = [_READY, _JOB.c.run_at <= from_now(), _JOB.c.kind.not_in(list(known))]
    return _count(session, update(_JOB).where(*unknown).values(state="parked"))


def unpark(session: Session, known: Collection[str]) -> int:
    """Make the parked jobs of known kinds ready again; gives their number."""
    parked = [_JOB.c.state == "parked", _JOB.c.kind.in_(list(known))]
    return _count(session, update(_JOB).where(*parked).values(state="ready", error=None))


def bury(session: Session) -> int:
    """Let the jobs die whose workers were lost as often as the job may be attempted; gives their number."""
    message = "Its worker process was lost at each attempt: killed, out of memory, or the machine stopped."
    ended = {"state": "dead", "token": None, "lease_until": None, "finished_at": from_now(), "error": message}
    return _count(session, update(_JOB).where(_ORPHANED, _JOB.c.attempts >= _JOB.c.max_attempts).values(ended))


def forget(session: Session, *, days: int, keep: Collection[str]) -> int:
    """Remove the jobs that were done or cancelled so long ago, but the given keys; gives their number.

    A key may be used anew from then on. Dead jobs stay until somebody has looked at them.
    """
    old = [_JOB.c.state.in_(["done", "cancelled"]), _JOB.c.finished_at < from_now(-days * 86400)]
    return _count(session, delete(_JOB).where(*old, or_(_JOB.c.key.is_(None), _JOB.c.key.not_in(list(keep)))))


def _attempts_of(session: Session, kind: str) -> int:
    crm = session.info.get("crm")
    declared: tuple[JobKind, ...] = crm.all(JobKind) if crm is not None else ()
    return next((one.max_attempts for one in declared if one.id == kind), _MAX_ATTEMPTS)


def _mine(session: Session) -> ColumnElement[bool]:
    actor = actor_of(session)
    if actor.may("core.admin"):
        return true()
    return _JOB.c.principal_id == actor.id if actor.id else false()


def _count(session: Session, statement: Update | Any) -> int:
    # Over the connection: the session's own execute hides how many rows were hit.
    return int(session.connection().execute(statement).rowcount)
