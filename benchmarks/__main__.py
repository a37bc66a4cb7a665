"""``python -m benchmarks``: make the data, measure, print the table."""

from __future__ import annotations

from pathlib import Path

import click

from benchmarks.generate import generate, made_up, settings_for
from crm_core.settings import Settings

FOLDER = Path("var/benchmarks")
_database = click.option("--database", help="Address of the database; a SQLite file in var/benchmarks without it.")


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Measurements of speed, beside the raw driver that does the same SQL.

    Without a command: a fifth of the big data set on SQLite, made where it is missing, and all works.
    """
    if context.invoked_subcommand is None:
        settings = _settings(None)
        if not (FOLDER / "crm.db").exists():
            generate(settings, made_up(20_000))
        context.invoke(_run, database=None, works=(), rounds=3, turns=100, check=False)


@main.command("generate")
@_database
@click.option("--accounts", default=100_000, help="Contacts are twice, events ten times as many.")
def _generate(database: str | None, accounts: int) -> None:
    """Fill an empty database."""
    generate(_settings(database), made_up(accounts))


@main.command("run")
@_database
@click.option("--rounds", default=3, help="How often both sides take turns.")
@click.option("--turns", default=200, help="Requests of a round.")
@click.option("--check", is_flag=True, help="End with an error when a work costs more than it may.")
@click.argument("works", nargs=-1)
def _run(database: str | None, works: tuple[str, ...], rounds: int, turns: int, check: bool) -> None:
    """Measure works (W1 … W7, L and C for pages), all of them where none is named."""
    from benchmarks.run import chosen, failures, run

    results = run(_settings(database), chosen(works), rounds, turns)
    broken = failures(results)
    if check and broken:
        raise click.ClickException("\n".join(broken))


@main.command("throughput")
@_database
@click.option("--check", is_flag=True, help="End with an error when a rate is too low.")
def _throughput(database: str | None, check: bool) -> None:
    """Requests a second with two workers and eight clients (needs wrk)."""
    from benchmarks.run import Run
    from benchmarks.throughput import throughput

    low = throughput(Run(_settings(database)))
    if check and low:
        raise click.ClickException("\n".join(low))


@main.command("memory")
@_database
@click.option("--rows", default=100_000, help="How many contacts are imported.")
def _memory(database: str | None, rows: int) -> None:
    """Import contacts in this process and say the most memory that it held."""
    from benchmarks.inside import import_rows, peak_memory_mb
    from benchmarks.run import Run

    session = Run(_settings(database))
    before = peak_memory_mb()
    counts = import_rows(session.crm, session.place.accounts, session.place.run, rows)
    click.echo(f"{rows:,} rows: {peak_memory_mb():.0f} MB at most, {before:.0f} MB before; {counts}")


def _settings(database: str | None) -> Settings:
    return settings_for(database or f"sqlite:///{FOLDER.absolute()}/crm.db", FOLDER)


if __name__ == "__main__":
    main()
