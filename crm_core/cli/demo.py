"""The demo firm: believable clients to try the program on."""

from __future__ import annotations

import click

from crm_core.text import messages

__all__ = ["command"]

_ = messages("core")


@click.group("demo")
def command() -> None:
    """Load or remove the demo firm."""


@command.command()
def load() -> None:
    """Fill the base with an invented firm: 2,000 accounts, 5,000 contacts, 30,000 events."""
    from crm_core.cli._actor import acting
    from crm_core.cli._context import running, say
    from crm_core.service.demo import demo_batch, make_demo

    with running() as crm, crm.writing(acting(crm, None), origin="cli") as session:
        if demo_batch(session) is not None:
            say(_("The demo firm is there already."))
            return
        make_demo(session)
        say(_("The demo firm is there."))


@command.command()
def remove() -> None:
    """Remove the demo firm and everything about it."""
    from crm_core.cli._actor import acting
    from crm_core.cli._context import running, say
    from crm_core.service.demo import remove_demo

    with running() as crm, crm.writing(acting(crm, None), origin="cli") as session:
        remove_demo(session)
    say(_("The demo firm is gone."))
