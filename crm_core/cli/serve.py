"""``crm serve``: the web, with a production server."""

from __future__ import annotations

import importlib.util
import os
import pkgutil
import sys

import click

from crm_core.text import messages

__all__ = ["command"]

_ = messages("core")

_SERVER = "crm_web.server:serve"
"""By name: the core works without the web shell, and does not import it."""


@click.command("serve")
@click.option("--host", help="The address to listen at (CRM_HOST, 127.0.0.1).")
@click.option("--port", type=int, help="The port to listen at (CRM_PORT, 8000).")
@click.option("--workers", type=click.IntRange(1), help="How many processes answer requests (CRM_WORKERS, 2).")
@click.option("--threads", type=click.IntRange(1), help="How many requests each answers at once (CRM_THREADS, 4).")
def command(**options: str | int | None) -> None:
    """Answer requests until told to stop (Ctrl+C), and do the background work.

    A worker that dies is replaced. After packages were installed, or on SIGHUP, the workers are replaced
    one by one; no request fails.
    """
    from crm_core.errors import ConfigurationError
    from crm_core.settings import read_settings

    if importlib.util.find_spec("crm_web") is None:
        raise ConfigurationError(_("The web shell is not installed."), hint=_("Install the package crm-web."))
    # As variables, because the processes that answer read them too.
    os.environ.update({f"CRM_{name.upper()}": str(value) for name, value in options.items() if value is not None})
    settings = read_settings()
    address = settings.base_url
    sys.exit(pkgutil.resolve_name(_SERVER)(settings, lambda: click.echo(_said(address))))


def _said(address: str) -> str:
    from pathlib import Path

    from crm_core.settings import read_settings
    from crm_core.translation import Translator

    translator = Translator({"core": Path(__file__).parent.parent / "locale"})
    return translator.text(_("Stepwise CRM answers at %(address)s", address=address), read_settings().language)
