"""The command line: ``crm <group> <command>``; one file of this package is one command or group.

A file ``crm_core/cli/<name>.py`` holds ``command``, a ``click.Command``, and imports what it needs inside
its functions, so that ``crm --help`` stays quick. What modules contribute is ``crm <module> <command>``.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

from crm_core.errors import CrmError

__all__ = ["cli", "main", "report"]


class _Commands(click.Group):
    """Finds commands by the names of the files in this package, then among the enabled modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return _of_module(ctx, cmd_name)
        command: click.Command = importlib.import_module(f"{__name__}.{cmd_name}").command
        return command


def _of_module(ctx: click.Context, name: str) -> click.Command | None:
    """The commands of an enabled module; each gets the program by ``@click.pass_obj``."""
    from crm_core.cli._context import running
    from crm_core.plugin.contributions import Command

    ctx.obj = ctx.with_resource(running())
    found = [item.command for item in ctx.obj.all(Command) if item.id.split(".", 1)[0] == name]
    return click.Group(name, commands=found) if found else None


@click.group(cls=_Commands, epilog="The commands of an enabled module: crm MODULE --help")
@click.version_option(package_name="crm-core", prog_name="crm")
def cli() -> None:
    """Stepwise CRM: your clients, their history, and modules that you switch on."""


def report(error: CrmError) -> None:
    """Say on the console what is wrong and what to do next, in the language of the installation."""
    from crm_core.cli._context import shown

    click.echo(shown(error), err=True)


def main() -> None:
    """The entry point of ``crm``; what the program refuses on purpose is said in two lines and ends with 1."""
    try:
        cli(prog_name="crm")
    except CrmError as error:
        report(error)
        sys.exit(1)
