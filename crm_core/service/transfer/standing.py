"""Where an import or a bulk change stands: what its row says and what became of its job, taken together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.db.base import now
from crm_core.job.ledger import Progress
from crm_core.model import Job

__all__ = ["UNDO_DAYS", "Standing", "standing", "standings"]

UNDO_DAYS = 30

_AT_WORK = {"core.import_check": "checking", "core.import_undo": "undoing"}
_ENDED_BADLY = {"dead": "failed", "cancelled": "cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """``state`` is draft | checking | checked | running | done | cancelled | failed | undoing | undone.

    ``job`` is how far its work is, also after the end; ``can_undo`` says whether it may still be undone.
    """

    state: str
    job: Progress | None
    can_undo: bool

    @property
    def busy(self) -> bool:
        """Whether something is being done with it right now."""
        return self.state in {"checking", "running", "undoing"}


def standing(session: Session, batch: Mapping[str, Any]) -> Standing:
    """Where a batch stands; the caller has checked that the actor may know it."""
    return standings(session, [batch])[batch["id"]]


def standings(session: Session, batches: Sequence[Mapping[str, Any]]) -> dict[str, Standing]:
    """Where each of the batches stands, by its id, in one statement."""
    jobs = _jobs(session, [batch["job_id"] for batch in batches if batch["job_id"]])
    oldest = now() - timedelta(days=UNDO_DAYS)
    found = {}
    for batch in batches:
        job = jobs.get(batch["job_id"] or "")
        state = _state(str(batch["state"]), job)
        can_undo = batch["created_at"] > oldest and state in {"done", "cancelled", "failed"}
        found[batch["id"]] = Standing(state=state, job=job, can_undo=can_undo)
    return found


def _jobs(session: Session, ids: Sequence[str]) -> dict[str, Progress]:
    """How far jobs are, whoever asked for them; the ledger forgets those that ended long ago."""
    if not ids:
        return {}
    table = Job.__table__
    columns = [table.c[name] for name in Progress.__dataclass_fields__]
    rows = session.execute(select(*columns).where(table.c.id.in_(ids))).mappings()
    return {row["id"]: Progress(**row) for row in rows}


def _state(stored: str, job: Progress | None) -> str:
    if job is None:
        return stored
    if stored in {"draft", "checked"}:
        return stored if job.ended or job.kind not in _AT_WORK else _AT_WORK[job.kind]
    if stored in {"running", "undoing"} and job.state in _ENDED_BADLY:
        # An undo that broke off can be taken up again: what it has undone already stays undone.
        return "failed" if stored == "undoing" else _ENDED_BADLY[job.state]
    return stored
