"""Running one job in this process and showing how far it is."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from crm_core.access.principal import Principal
    from crm_core.job.ledger import Progress
    from crm_core.runtime import Crm

__all__ = ["finish_job"]


def finish_job(crm: Crm, actor: Principal, job_id: str) -> Progress:
    """Work on the ledger until the job has ended, here or in another worker; gives how it ended.

    Ctrl+C asks the job to stop after its present chunk; a killed process leaves it to be resumed.
    """
    from crm_core.job import ledger
    from crm_core.job.runner import Runner

    runner = Runner(lambda: crm)
    thread = threading.Thread(target=runner.run, name="job runner", daemon=True)
    thread.start()
    try:
        return _watch(crm, actor, job_id)
    except KeyboardInterrupt:
        with crm.writing(actor, origin="cli") as session:
            ledger.ask_cancel(session, job_id)
        return _watch(crm, actor, job_id)
    finally:
        runner.stop()
        thread.join(30)


def _watch(crm: Crm, actor: Principal, job_id: str) -> Progress:
    from crm_core.job import ledger

    shown = -1
    while True:
        with crm.reading(actor) as session:
            state = ledger.progress(session, job_id)
        if state.done != shown:
            shown = state.done
            click.echo(f"\r{state.done} / {state.total or '?'}", nl=False, err=True)
        if state.ended:
            click.echo("", err=True)
            return state
        time.sleep(0.1)
