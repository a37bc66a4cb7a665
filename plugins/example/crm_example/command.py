"""Commands of the CLI: ``crm example due``."""

from __future__ import annotations

import click

from crm_core import Crm, now, system
from crm_example import service

__all__ = ["due"]


@click.command()
@click.pass_obj
def due(crm: Crm) -> None:
    """Print the assets whose next service is due, one a line."""
    with crm.reading(system("crm example due")) as session:
        for asset in service.due(session, now().date()):
            click.echo(f"{asset['next_service_on']}  {asset['serial']}  {asset['name']}  ({asset['account']})")
