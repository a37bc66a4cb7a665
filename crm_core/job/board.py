"""What the ledger holds, for people: which jobs run, wait, failed or are done, and trying one again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, select, true, update
from sqlalchemy.orm import Session

from crm_core.db.clock import from_now
from crm_core.db.session import actor_of
from crm_core.errors import NotFound
from crm_core.job.bell import ring_after_commit
from crm_core.model import Job, User

__all__ = ["GROUPS", "jobs_in", "numbers", "revive"]

_JOB = Job.__table__

GROUPS: Mapping[str, tuple[str, ...]] = {
    "running": ("running",),
    "waiting": ("ready", "parked"),
    "failed": ("dead",),
    "done": ("done", "cancelled"),
}
"""The states of jobs as people tell them apart."""

_SHOWN = (
    "id",
    "kind",
    "args",
    "state",
    "done",
    "total",
    "attempts",
    "cancel_asked",
    "result",
    "error",
    "run_at",
    "created_at",
    "finished_at",
)


def numbers(session: Session, *, everybody: bool) -> dict[str, int]:
    """How many jobs each group holds: the actor's own, or everybody's for an administrator."""
    statement = select(_JOB.c.state, func.count()).where(_mine(session, everybody)).group_by(_JOB.c.state)
    counts = {row[0]: int(row[1]) for row in session.execute(statement)}
    return {group: sum(counts.get(state, 0) for state in states) for group, states in GROUPS.items()}


def jobs_in(session: Session, group: str, *, everybody: bool, limit: int = 100) -> list[dict[str, Any]]:
    """The jobs of a group, the latest first, with the name of who asked for them; nobody asked for schedules."""
    users = User.__table__
    statement = (
        select(*(_JOB.c[name] for name in _SHOWN), users.c.name.label("who"))
        .outerjoin(users, users.c.id == _JOB.c.principal_id)
        .where(_JOB.c.state.in_(GROUPS[group]), _mine(session, everybody))
        .order_by(func.coalesce(_JOB.c.finished_at, _JOB.c.created_at).desc(), _JOB.c.id.desc())
        .limit(limit)
    )
    return [dict(row) for row in session.execute(statement).mappings()]


def revive(session: Session, job_id: str) -> None:
    """Let a dead job be tried again, from where it was. Raises ``NotFound`` for others' jobs and for living ones."""
    fresh = {"state": "ready", "attempts": 0, "error": None, "finished_at": None, "cancel_asked": False}
    dead = [_JOB.c.id == job_id, _JOB.c.state == "dead", _mine(session, everybody=True)]
    ring_after_commit(session)
    statement = update(_JOB).where(*dead).values(**fresh, run_at=from_now()).returning(_JOB.c.id)
    if session.execute(statement).first() is None:
        raise NotFound


def _mine(session: Session, everybody: bool) -> ColumnElement[bool]:
    actor = actor_of(session)
    return true() if everybody and actor.may("core.admin") else _JOB.c.principal_id == actor.id
