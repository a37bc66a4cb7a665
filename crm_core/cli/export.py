"""Write clients to a file."""

from __future__ import annotations

from pathlib import Path

import click

from crm_core.text import messages

__all__ = ["command"]

_ = messages("core")


@click.command("export")
@click.argument("entity")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--fields", default="", help="Columns, separated by commas.")
@click.option(
    "--filter", "filters", multiple=True, metavar="FIELD=VALUE", help="Only records like this; FIELD.OP=VALUE too."
)
@click.option("--as", "login", help="The login of the user whose records are exported.")
def command(entity: str, file: Path, fields: str, filters: tuple[str, ...], login: str | None) -> None:
    """Export ENTITY (core.account, core.contact …) to FILE: .csv, .xlsx or .vcf."""
    from crm_core.cli._actor import acting
    from crm_core.cli._context import running, say
    from crm_core.entity.view import parse_view
    from crm_core.service.transfer.export import export

    pairs = [(name, value) for name, _sign, value in (text.partition("=") for text in filters)]
    with running() as crm:
        described = crm.entities.get(entity)
        if described is None:
            raise click.BadParameter(", ".join(crm.entities), param_hint="ENTITY")
        view = parse_view(described, [*pairs, *([("fields", fields)] if fields else [])])
        rows = export(crm, acting(crm, login), described, view, file, file.suffix.lstrip(".").lower())
    say(_.plural("%(n)s record written.", "%(n)s records written.", rows))
