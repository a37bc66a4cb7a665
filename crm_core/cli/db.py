"""The tables of the database: bring them to the installed code, look, go back, write a revision."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from crm_core.errors import ModuleError
from crm_core.text import messages

if TYPE_CHECKING:
    from crm_core.db.revision import Schema

__all__ = ["command"]

_ = messages("core")


@click.group("db")
def command() -> None:
    """Tables of the database: upgrade, look, go back, write a revision."""


@command.command()
def upgrade() -> None:
    """Bring the tables of the core and of all used modules to the installed code."""
    from crm_core.cli._context import database, say, shown
    from crm_core.runtime import prepare
    from crm_core.settings import read_settings

    settings = read_settings()
    with database(settings) as opened:
        _crm, done = prepare(settings, opened)
    for step in done.steps:
        click.echo(f"{step.module}: {step.before or '-'} -> {step.after}")
    for error in done.errors.values():
        click.echo(shown(error), err=True)
    if done.errors:
        sys.exit(1)
    if not done.steps:
        say(_("The tables are up to date."))


@command.command()
def current() -> None:
    """Which revision of each module's tables the database has, and which the code has."""
    from crm_core.cli._context import database
    from crm_core.db.revision import recorded, schema_of, standing
    from crm_core.plugin.discover import find_installed

    with database() as opened:
        done = recorded(opened)
    packages = {"core": "crm_core"} | {one.name: one.target.split(".", 1)[0] for one in find_installed()}
    for name in ("core", *sorted((set(done) | set(packages)) - {"core"})):
        if name not in packages:
            click.echo(f"{name}: {done[name]} (missing)")
            continue
        schema = schema_of(name, packages[name])
        if schema.head() or name in done:
            click.echo(f"{name}: {done.get(name, '-')} -> {schema.head()} ({standing(schema, done.get(name))})")


@command.command()
@click.argument("module")
@click.argument("target")
@click.option("--confirm", metavar="MODULE", help="The module's name again, instead of being asked for it.")
def downgrade(module: str, target: str, confirm: str | None) -> None:
    """Take a module's tables back to revision TARGET, or to «base»: rows of later tables are lost."""
    from crm_core.cli._context import database, text
    from crm_core.db.migrate import downgrade as go_back
    from crm_core.settings import read_settings

    if confirm is None:
        confirm = click.prompt(text(_("Data will be lost. Type the name of the module to confirm")))
    if confirm != module:
        raise ModuleError(_("Type the name of the module to confirm: %(name)s", name=module), module=module)
    settings = read_settings()
    with database(settings) as opened:
        step = go_back(opened, _schema(module), target, backups=settings.data_dir / "backups")
    click.echo(f"{step.module}: {step.before or '-'} -> {step.after or '-'}")


@command.command()
@click.argument("module")
@click.option("-m", "--message", required=True, help="What the revision does; becomes part of the file's name.")
@click.option("--empty", is_flag=True, help="Do not fill it with the difference between models and database.")
def revision(module: str, message: str, empty: bool) -> None:
    """Write the next revision of a module's tables (for its author)."""
    from crm_core.cli._context import database
    from crm_core.db.drift import write_revision
    from crm_core.plugin.discover import CORE, find_installed, load

    for one in (CORE, *find_installed()):
        if one.name in {"core", module}:
            load(one)
    with database() as opened:
        click.echo(write_revision(opened, _schema(module), message, autogenerate=not empty))


def _schema(module: str) -> Schema:
    from crm_core.db.revision import schema_of
    from crm_core.plugin.discover import CORE, find_installed

    for one in (CORE, *find_installed()):
        if one.name == module:
            return schema_of(module, one.target.split(".", 1)[0])
    raise ModuleError(_("There is no module of this name."), module=module, hint=_("Install its package first."))
