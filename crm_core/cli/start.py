"""One command from nothing to an open program: what ``make run`` calls."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from crm_core.text import messages

if TYPE_CHECKING:
    from crm_core.runtime import Crm
    from crm_core.settings import Settings

__all__ = ["command"]

_ = messages("core")


@click.command("start")
@click.option(
    "--demo/--no-demo", default=None, help="Load the demo firm into an empty base; asked where a terminal is there."
)
def command(demo: bool | None) -> None:
    """Make the database where there is none, bring it up to date, say how to sign in, and serve."""
    from crm_core.cli._context import database
    from crm_core.runtime import prepare
    from crm_core.settings import read_settings

    settings = read_settings()
    with database(settings) as opened:
        crm, _done = prepare(settings, opened)
        _offer_demo(crm, demo)
        _say_how_to_sign_in(crm, settings)
    os.execv(sys.executable, [sys.executable, "-m", "crm_core.cli", "serve"])  # noqa: S606 - our own interpreter and module


def _offer_demo(crm: Crm, wanted: bool | None) -> None:
    """Offered once, to a base without clients; without a terminal the answer is yes."""
    from crm_core.access.principal import system
    from crm_core.cli._context import say, text
    from crm_core.entity.query import count
    from crm_core.entity.view import View
    from crm_core.service.demo import make_demo
    from crm_core.service.setup import needs_setup

    actor = system("first start")
    with crm.reading(actor) as session:
        if not needs_setup(session) or count(session, crm.entities["core.account"], View(), cap=1):
            return
    if wanted is None:
        question = text(_("Fill the base with an invented firm to try things on? One click removes it later."))
        wanted = click.confirm(question, default=True) if sys.stdin.isatty() else True
    if wanted:
        say(_("Making the demo firm; this takes some seconds …"))
        with crm.writing(actor, origin="cli") as session:
            make_demo(session)


def _say_how_to_sign_in(crm: Crm, settings: Settings) -> None:
    from crm_core.access.principal import system
    from crm_core.cli._context import say
    from crm_core.service.setup import needs_setup, setup_link

    actor = system("first start")
    with crm.writing(actor, origin="cli") as session:
        if not needs_setup(session):
            say(_("Open %(url)s and sign in.", url=settings.base_url))
            return
        secret = setup_link(session)
    say(_("Open this link to choose your login and password (it works once):"))
    click.echo(f"\n    {settings.base_url}/setup/{secret}\n")
