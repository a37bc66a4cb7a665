"""Take an import or a bulk change back."""

from __future__ import annotations

import sys

import click

__all__ = ["command"]


@click.command("undo")
@click.argument("batch")
@click.option("--as", "login", help="The login of the user who undoes it.")
def command(batch: str, login: str | None) -> None:
    """Undo BATCH: what it created goes, what it changed comes back, what people touched since stays."""
    from crm_core.cli._actor import acting
    from crm_core.cli._context import running
    from crm_core.cli._job import finish_job
    from crm_core.service.transfer.job import ask_undo

    with running() as crm:
        actor = acting(crm, login)
        with crm.writing(actor, origin="cli") as session:
            job_id = ask_undo(session, batch)
        ended = finish_job(crm, actor, job_id)
    click.echo("  ".join(f"{name}: {number}" for name, number in (ended.result or {}).items()))
    if ended.state != "done":
        click.echo(ended.error or ended.state, err=True)
        sys.exit(1)
