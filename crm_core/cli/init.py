"""The first administrator: on the console, or by a link for the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crm_core.text import messages

if TYPE_CHECKING:
    from crm_core.runtime import Crm

__all__ = ["command"]

_ = messages("core")


@click.command("init")
@click.option("--link", is_flag=True, help="Print a link by which the first administrator chooses login and password.")
def command(link: bool) -> None:
    """Make the first administrator. Refused when there is one: see `crm user link`."""
    from crm_core.access.principal import system
    from crm_core.cli._context import running
    from crm_core.errors import ConfigurationError
    from crm_core.service.setup import needs_setup

    with running() as crm:
        with crm.reading(system("command line")) as session:
            if not needs_setup(session):
                message, hint = _("There is an administrator already."), _("A lost password: crm user link LOGIN")
                raise ConfigurationError(message, hint=hint)
        if link:
            _print_link(crm)
        else:
            _ask(crm)


def _print_link(crm: Crm) -> None:
    from crm_core.access.principal import system
    from crm_core.cli._context import say
    from crm_core.service.setup import setup_link

    with crm.writing(system("command line"), origin="cli") as session:
        secret = setup_link(session)
    say(_("Open this link to choose your login and password (it works once):"))
    click.echo(f"{crm.settings.base_url}/setup/{secret}")


def _ask(crm: Crm) -> None:
    """Ask until the answers are good; the password is not shown."""
    from crm_core.access.principal import system
    from crm_core.cli._context import say, text
    from crm_core.errors import Invalid
    from crm_core.service.setup import create_administrator

    login, name = click.prompt(text(_("Login"))), click.prompt(text(_("Name")))
    while True:
        password = click.prompt(text(_("Password")), hide_input=True, confirmation_prompt=text(_("Once more")))
        try:
            with crm.writing(system("command line"), origin="cli") as session:
                create_administrator(session, login, name, password, crm.settings.language, crm.settings.zone)
        except Invalid as refused:
            for problem in refused.problems:
                click.echo(text(problem.message), err=True)
            if any(problem.field != "password" for problem in refused.problems):
                raise
        else:
            say(_("Open %(url)s and sign in.", url=crm.settings.base_url))
            return
