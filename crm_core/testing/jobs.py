"""Doing the background work that a test has enqueued, in the test's own thread."""

from __future__ import annotations

from crm_core.access.principal import system
from crm_core.job import lease
from crm_core.job.perform import perform
from crm_core.plugin.contributions import Job
from crm_core.runtime import Crm

__all__ = ["work_off"]

_LEASE_SECONDS = 60.0


def work_off(crm: Crm) -> int:
    """Run every job that is due, and those that come of it, until none is left; gives their number."""
    kinds = {kind.id: kind for kind in crm.all(Job)}
    number = 0
    while True:
        with crm.writing(system("work off"), origin="job") as session:
            job = lease.claim(session, kinds, _LEASE_SECONDS)
        if job is None:
            return number
        perform(crm, job, kinds[job.kind].target, _LEASE_SECONDS, lambda _context: None)
        number += 1
