"""What the core's own schedules do: forget what has served its purpose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crm_core.db.clock import from_now
from crm_core.job import ledger
from crm_core.job.context import Context
from crm_core.job.schedule import firings
from crm_core.plugin.contributions import Job
from crm_core.service import idempotency, identity, throttle
from crm_core.service.transfer.export_file import remove_old_files

__all__ = ["JOB_DAYS", "run"]

JOB_DAYS = 14
"""How long jobs that are done stay in the ledger, and their keys with them."""


def run(context: Context, _args: Mapping[str, Any]) -> None:
    """Remove old answers, files, sessions and jobs that were done long ago; the result says how many of each."""
    with context.step(last=True) as step:
        now = step.session.execute(select(from_now())).scalar_one()
        # A rare schedule's latest firing may be older than that: without its key it would fire again.
        keep = firings(context.crm.all(Job), now).values()
        step.result = {
            "requests": idempotency.forget(step.session),
            "files": remove_old_files(context.crm, step.session),
            "sessions": identity.forget_ended(step.session),
            "attempts": throttle.forget_old(step.session),
            "jobs": ledger.forget(step.session, days=JOB_DAYS, keep=keep),
        }
