"""``python -m benchmarks``: make the data, measure, print the table."""

from __future__ import annotations

from pathlib import Path

import click

from benchmarks.generate import generate, made_up, settings_for

FOLDER = Path("var/benchmarks")
_database = click.option("--database", default=f"sqlite:///{FOLDER}/crm.db", help="Address of the database.")


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Measurements of speed, beside the raw driver that does the same SQL."""


@main.command("generate")
@_database
@click.option("--accounts", default=100_000, help="Contacts are twice, events ten times as many.")
def _generate(database: str, accounts: int) -> None:
    """Fill an empty database."""
    generate(settings_for(database, FOLDER), made_up(accounts))


if __name__ == "__main__":
    main()
