"""Job kinds that run by themselves: ``every`` so many seconds, by the clock of the database.

A firing is a job with the key ``sched:<kind>:<time>``, so any number of processes may schedule. Only the
latest firing is made: after hours without a worker a kind runs once, not once for each hour. Nothing is
made while an earlier firing still waits or runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import exists, literal_column, select
from sqlalchemy.orm import Session

from crm_core.job.ledger import enqueue
from crm_core.model import Job
from crm_core.plugin.contributions import Job as JobKind

__all__ = ["fire", "firings"]

_JOB = Job.__table__
_OPEN = _JOB.c.state.in_([literal_column("'ready'"), literal_column("'running'")])


def firings(kinds: Iterable[JobKind], now: datetime) -> dict[str, str]:
    """The key of each scheduled kind's latest firing."""
    found = {}
    for kind in kinds:
        if kind.every:
            moment = int(now.timestamp()) // kind.every * kind.every
            found[kind.id] = f"sched:{kind.id}:{datetime.fromtimestamp(moment, UTC):%Y%m%dT%H%M%SZ}"
    return found


def fire(session: Session, due: Mapping[str, str]) -> None:
    """Enqueue firings that do not exist yet; the key makes sure that each exists once."""
    for kind, key in due.items():
        waiting = exists().where(_JOB.c.kind == kind, _JOB.c.key.startswith(f"sched:{kind}:"), _OPEN)
        if not session.execute(select(waiting)).scalar():
            enqueue(session, kind, {}, key=key)
