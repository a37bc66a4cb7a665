"""``crm serve``: the web, with a production server."""

from __future__ import annotations

import dataclasses
import importlib.util
import pkgutil
import sys

import click

__all__ = ["command"]

_SERVER = "crm_web.server:serve"
"""By name: the core works without the web shell, and does not import it."""


@click.command("serve")
@click.option("--host", help="The address to listen at (CRM_HOST, 127.0.0.1).")
@click.option("--port", type=int, help="The port to listen at (CRM_PORT, 8000).")
@click.option("--workers", type=click.IntRange(1), help="How many processes answer requests (CRM_WORKERS, 2).")
@click.option("--threads", type=click.IntRange(1), help="How many requests each of them answers at once (CRM_THREADS, 4).")
def command(host: str | None, port: int | None, workers: int | None, threads: int | None) -> None:
    """Answer requests until told to stop (Ctrl+C), and do the background work.

    A worker that dies is replaced. After packages were installed, or on SIGHUP, the workers are replaced
    one by one; no request fails.
    """
    from crm_core.settings import read_settings
    from crm_core.text import messages

    _ = messages("core")
    if importlib.util.find_spec("crm_web") is None:
        from crm_core.errors import ConfigurationError

        raise ConfigurationError(_("The web shell is not installed."), hint=_("Install the package crm-web."))
    given = {"host": host, "port": port, "workers": workers, "threads": threads}
    settings = dataclasses.replace(read_settings(), **{name: value for name, value in given.items() if value})
    sys.exit(pkgutil.resolve_name(_SERVER)(settings))
