"""``python -m benchmarks generate``: the big data set on an empty database, ours and the plain tables."""

from __future__ import annotations

import time
from pathlib import Path

import click
from sqlalchemy import select

from benchmarks import plain
from benchmarks.firm import Firm, MadeUp
from benchmarks.load import load
from crm_core.db.engine import open_database
from crm_core.model import Account
from crm_core.runtime import prepare
from crm_core.settings import Settings

__all__ = ["generate", "settings_for"]


def settings_for(url: str, folder: Path) -> Settings:
    """The settings of a measured installation."""
    return Settings(database_url=url, data_dir=folder, zone="UTC", jobs="embedded")


def generate(settings: Settings, firm: Firm) -> None:
    """Make the tables in an empty database and fill them; raises ``click.ClickException`` where one is in use."""
    started = time.perf_counter()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.database_url)
    prepare(settings, database)
    with database.read.connect() as connection:
        if connection.execute(select(Account.__table__.c.id).limit(1)).first():
            raise click.ClickException("The database holds clients already: take an empty one.")
    load(database, firm, click.echo)
    plain.make(database)
    database.dispose()
    click.echo(f"{firm.accounts:,} accounts in {time.perf_counter() - started:.0f} s")


def made_up(accounts: int) -> MadeUp:
    """The made-up firm; it needs at least 2,000 accounts for all works."""
    if accounts < 2_000 or accounts % 10:
        raise click.ClickException("Take 2,000 accounts or more, in tens.")
    return MadeUp(accounts)
