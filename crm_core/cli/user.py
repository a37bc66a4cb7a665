"""Users on the command line: for the operator of the machine, also when no administrator can sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crm_core.text import messages

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["command"]

_ = messages("core")


@click.group("user")
def command() -> None:
    """The people who sign in."""


@command.command("list")
def show() -> None:
    """List all users with their roles."""
    from crm_core.access.principal import system
    from crm_core.cli._context import running
    from crm_core.service.people import users

    with running() as crm, crm.reading(system("command line")) as session:
        for user in users(session):
            mark = " " if user["is_active"] else "-"
            click.echo(f"{mark} {user['login']}\t{user['name']}\t{', '.join(user['roles'])}")


@command.command("link")
@click.argument("login")
def link(login: str) -> None:
    """Print a link by which LOGIN chooses a new password; it works once, for half an hour."""
    from crm_core.access.principal import system
    from crm_core.cli._context import running
    from crm_core.service.people import reset_link

    with running() as crm:
        with crm.writing(system("command line"), origin="cli") as session:
            secret = reset_link(session, _find(session, login)["id"])
        click.echo(f"{crm.settings.base_url}/reset/{secret}")


@command.command("deactivate")
@click.argument("login")
def deactivate(login: str) -> None:
    """Shut LOGIN out: sessions and tokens end at once, what the person did stays."""
    from crm_core.access.principal import system
    from crm_core.cli._context import running, say
    from crm_core.service.people import update_user

    with running() as crm:
        with crm.writing(system("command line"), origin="cli") as session:
            user = _find(session, login)
            update_user(session, user["id"], {"is_active": False})
        say(_("“%(name)s” can no longer sign in.", name=user["name"]))


def _find(session: Session, login: str) -> dict[str, Any]:
    from crm_core.errors import ConfigurationError
    from crm_core.service.people import users

    found = next((user for user in users(session) if user["login"] == login.strip().lower()), None)
    if found is None:
        raise ConfigurationError(_("There is no user “%(name)s”.", name=login), hint=_("All of them: crm user list"))
    return found
