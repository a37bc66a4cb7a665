"""What the holder of a job may do with it: renew, get on, end, give back; all under its token.

Everything that a job changes is committed together with an update of its row under the token that came
with the claim. A worker that was thought dead therefore changes nothing any more: its update hits no row
and its transaction rolls back (``Lost``).
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, literal_column, select, update
from sqlalchemy.orm import Session

from crm_core.db.base import new_id
from crm_core.db.clock import from_now
from crm_core.job.limit import MAX_ERROR, within_limits
from crm_core.model import Job

__all__ = [
    "Claimed",
    "Lost",
    "advance",
    "cancel",
    "claim",
    "fail",
    "finish",
    "heartbeat",
    "put_aside",
    "release",
]

_JOB = Job.__table__
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 3600.0
# Literals, not bound values: only so do the partial indexes serve.
_READY = _JOB.c.state == literal_column("'ready'")
_RUNNING = _JOB.c.state == literal_column("'running'")
_KINDS = _JOB.c.kind.in_(bindparam("kinds", expanding=True))
_HELD = and_(_JOB.c.id == bindparam("job"), _JOB.c.token == bindparam("held"), _RUNNING)
_GIVEN_BACK = {"lease_until": None, "token": None}
_ENDED = {**_GIVEN_BACK, "finished_at": from_now()}


class Lost(Exception):
    """The job is no longer this worker's: its lease expired and it was claimed anew, or it has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A job that this worker may run; ``attempts`` counts this attempt too, since the last progress."""

    id: str
    kind: str
    args: Mapping[str, Any]
    principal_id: str | None
    token: str
    attempts: int
    max_attempts: int
    cursor: Mapping[str, Any]
    done: int
    total: int | None
    cancel_asked: bool


_CLAIMED = [_JOB.c[name] for name in Claimed.__dataclass_fields__]


def claim(session: Session, kinds: Collection[str], lease_seconds: float) -> Claimed | None:
    """Take the next due job of the given kinds, or one whose worker is gone, for so many seconds.

    To be called in a short transaction of its own.
    """
    due = select(_JOB.c.id).where(_READY, _JOB.c.run_at <= from_now(), _KINDS).order_by(_JOB.c.priority, _JOB.c.run_at)
    gone = select(_JOB.c.id).where(_RUNNING, _JOB.c.lease_until < from_now(), _JOB.c.attempts < _JOB.c.max_attempts)
    for candidates in (due, gone.where(_KINDS).order_by(_JOB.c.lease_until)):
        chosen = candidates.limit(1).with_for_update(skip_locked=True).scalar_subquery()
        values = {"state": "running", "token": new_id(), "attempts": _JOB.c.attempts + 1}
        taken = update(_JOB).where(_JOB.c.id == chosen).values(**values, lease_until=from_now(lease_seconds))
        row = session.execute(taken.returning(*_CLAIMED), {"kinds": list(kinds)}).mappings().first()
        if row is not None:
            return Claimed(**row)
    return None


def heartbeat(session: Session, job_id: str, token: str, lease_seconds: float) -> bool:
    """Renew the lease; says whether the job was asked to stop. Raises ``Lost``."""
    return _renew(session, job_id, token, {"lease_until": from_now(lease_seconds)})


def advance(
    session: Session,
    job_id: str,
    token: str,
    *,
    cursor: Mapping[str, Any],
    done: int,
    total: int | None,
    lease_seconds: float,
) -> bool:
    """Store how far the job is, with the effect that it stands for; says whether it was asked to stop.

    The attempts are counted anew: a job may be interrupted any number of times as long as it gets on.
    Raises ``Lost``.
    """
    place = {"cursor": within_limits("cursor", cursor), "done": done, "total": total, "attempts": 1}
    return _renew(session, job_id, token, {**place, "lease_until": from_now(lease_seconds)})


def finish(session: Session, job_id: str, token: str, result: Mapping[str, Any] | None = None) -> None:
    """End the job, in the transaction of its last effect. Raises ``Lost``: then that rolls back as well."""
    kept = within_limits("result", result)
    _change(session, job_id, token, {"state": "done", "result": kept, "error": None, **_ENDED})


def cancel(session: Session, job_id: str, token: str, result: Mapping[str, Any] | None = None) -> None:
    """End the job because it was asked to stop. Raises ``Lost``."""
    kept = within_limits("result", result)
    _change(session, job_id, token, {"state": "cancelled", "result": kept, **_ENDED})


def fail(session: Session, job_id: str, token: str, error: str, *, again: bool = True) -> bool:
    """Note a failure: the job is tried again after a growing pause, or is dead; says whether it is dead.

    It dies after its ``max_attempts`` without progress, or at once unless ``again``. Raises ``Lost``.
    """
    known = select(_JOB.c.attempts, _JOB.c.max_attempts).where(_HELD)
    found = session.execute(known, {"job": job_id, "held": token}).one_or_none()
    if found is None:
        raise Lost(job_id)
    text = error[-MAX_ERROR:]
    if not again or found.attempts >= found.max_attempts:
        _change(session, job_id, token, {"state": "dead", "error": text, **_ENDED})
        return True
    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 4 ** (found.attempts - 1))
    # Jobs that failed together, because a server was away, do not come back all at once.
    pause *= random.uniform(0.8, 1.2)  # noqa: S311
    _change(session, job_id, token, {"state": "ready", "error": text, "run_at": from_now(pause), **_GIVEN_BACK})
    return False


def release(session: Session, job_id: str, token: str) -> None:
    """Give the job back to be resumed by another worker; the attempt does not count. Raises ``Lost``."""
    _change(session, job_id, token, {"state": "ready", "attempts": _JOB.c.attempts - 1, **_GIVEN_BACK})


def put_aside(session: Session, job_id: str, token: str, reason: str) -> None:
    """Park the job, because what it needs is switched off; the attempt does not count. Raises ``Lost``."""
    waiting = {"state": "parked", "error": reason, "attempts": _JOB.c.attempts - 1}
    _change(session, job_id, token, {**waiting, **_GIVEN_BACK})


def _renew(session: Session, job_id: str, token: str, values: Mapping[str, Any]) -> bool:
    statement = update(_JOB).where(_HELD).values(values).returning(_JOB.c.cancel_asked)
    asked = session.execute(statement, {"job": job_id, "held": token}).scalar()
    if asked is None:
        raise Lost(job_id)
    return bool(asked)


def _change(session: Session, job_id: str, token: str, values: Mapping[str, Any]) -> None:
    # Over the connection: the session's own execute hides how many rows were hit.
    changed = session.connection().execute(update(_JOB).where(_HELD).values(values), {"job": job_id, "held": token})
    if changed.rowcount != 1:
        raise Lost(job_id)
