"""The modules: which there are, switching them on and off, removing their data."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from crm_core.text import messages

__all__ = ["command"]

_ = messages("core")


@click.group("modules")
def command() -> None:
    """Modules: list them, switch them on and off, remove their data."""


@command.command("list")
@click.option("--strict", is_flag=True, help="End with 1 when an enabled module cannot be used.")
def list_modules(strict: bool) -> None:
    """All installed modules with their state, and why one cannot be used."""
    from crm_core.cli._context import running, text
    from crm_core.plugin.overview import overview

    with running() as crm:
        modules = overview(crm)
    width = max((len(one.name) for one in modules), default=0)
    for one in modules:
        title = text(one.title) if one.title else ""
        click.echo(f"{one.name:<{width}}  {one.state:<9}  {one.version or '-':<8}  {title}".rstrip())
        if one.failure:
            click.echo(f"{'':<{width}}  {text(one.failure.message)}")
        elif one.last_error and not one.enabled:
            click.echo(f"{'':<{width}}  {one.last_error}")
    if strict and any(one.failure for one in modules):
        sys.exit(1)


@command.command()
@click.argument("name")
def enable(name: str) -> None:
    """Switch a module on for everybody, while people work."""
    from crm_core.access.principal import system
    from crm_core.cli._context import running, say
    from crm_core.plugin.lifecycle import enable as switch_on

    with running() as crm:
        switch_on(crm, name, system("cli"))
    say(_("The module %(name)s is enabled.", name=name))


@command.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def disable(name: str, yes: bool) -> None:
    """Switch a module off for everybody; its data stay."""
    from crm_core.access.principal import system
    from crm_core.cli._context import running, say, text
    from crm_core.plugin.lifecycle import disable as switch_off
    from crm_core.plugin.overview import consequences

    with running() as crm:
        for kind, ids in consequences(crm, name).items():
            click.echo(f"{kind}: {', '.join(ids)}")
        if not yes:
            click.confirm(text(_("All this disappears until the module is enabled again. Go on?")), abort=True)
        switch_off(crm, name, system("cli"))
    say(_("The module %(name)s is disabled; its data are kept.", name=name))


@command.command()
@click.argument("name")
@click.option("--export", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write its data here first.")
@click.option("--no-export", is_flag=True, help="Do not keep a copy of its data.")
@click.option("--confirm", metavar="NAME", help="The module's name again, instead of being asked for it.")
def purge(name: str, folder: Path | None, no_export: bool, confirm: str | None) -> None:
    """Remove a disabled module's data for good; a copy is written to «exports» first."""
    from crm_core.cli._context import running, say, text
    from crm_core.plugin.purge import export, preview
    from crm_core.plugin.purge import purge as remove

    with running() as crm:
        found = preview(crm, name)
        for table, rows in {**found.tables, **found.references}.items():
            click.echo(f"{table}: {rows}")
        if confirm is None:
            confirm = click.prompt(text(_("This cannot be undone. Type the name of the module to confirm")))
        if not no_export and confirm == name:
            click.echo(export(crm, name, folder or crm.settings.data_dir / "exports"))
        remove(crm, name, confirm)
    say(_("The data of the module %(name)s are removed.", name=name))


@command.command()
def check() -> None:
    """How the modules are; ends with 1 when there is an error."""
    from crm_core.access.principal import system
    from crm_core.cli._context import running, say, text
    from crm_core.plugin.overview import health

    with running() as crm:
        issues = list(health(crm, system("cli")))
    for name, issue in issues:
        click.echo(f"{issue.level:<7}  {name}  {issue.id}: {text(issue.message)}")
        if issue.hint:
            click.echo(f"{'':<7}  {text(issue.hint)}")
    if any(issue.level == "error" for _name, issue in issues):
        sys.exit(1)
    if not issues:
        say(_("All modules are well."))
