"""What commands share: settings, database, the running program, and texts in the installation's language."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from crm_core.db.engine import Database, open_database
from crm_core.errors import CrmError
from crm_core.runtime import Crm, build
from crm_core.settings import Settings, read_settings
from crm_core.text import Msg
from crm_core.translation import Translator

__all__ = ["database", "running", "say", "shown", "text"]


def text(message: Msg) -> str:
    """A message of the core in the language of the installation."""
    locale = Path(__file__).parent.parent / "locale"
    return Translator({"core": locale}).text(message, read_settings().language)


def say(message: Msg) -> None:
    """Print a message."""
    click.echo(text(message))


def shown(error: CrmError) -> str:
    """An error as a person reads it: what happened, in which module, what to do."""
    module = "" if error.module == "core" else f"{error.module}: "
    hint = "" if error.hint is None else f"\n{text(error.hint)}"
    return f"{module}{text(error.message)}{hint}"


@contextlib.contextmanager
def database(settings: Settings | None = None) -> Iterator[Database]:
    """The database of the installation, closed at the end."""
    opened = open_database((settings or read_settings()).database_url)
    try:
        yield opened
    finally:
        opened.dispose()


@contextlib.contextmanager
def running(settings: Settings | None = None) -> Iterator[Crm]:
    """The program with its enabled modules; its database is closed at the end."""
    settings = settings or read_settings()
    with database(settings) as opened:
        yield build(settings, opened)
