"""One worker process of ``crm serve``: builds the app, says that it is ready, serves until it is told to stop.

It is a process of its own from the beginning (not a fork), so it has the code that is installed when it
starts. All workers accept from the one socket that the supervisor has opened: when one of them ends, no
waiting connection is lost. For that, this module uses parts of granian that its own command line wraps;
nothing else of ours does.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from crm_core.cli import report
from crm_core.errors import ConfigurationError
from crm_core.job.tether import tie
from crm_core.settings import read_settings

if TYPE_CHECKING:
    from crm_web.switch import ModuleSwitch

__all__ = ["main"]

BACKLOG = 1024
_CONNECTIONS = 1024
"""How many connections a worker holds at once; most of them are idle ones that browsers keep open."""


@click.command()
@click.option("--socket", type=int, required=True, help="The listening socket.")
@click.option("--ready", type=int, required=True, help="A pipe: one byte is written when requests are accepted.")
@click.option("--tether", type=int, required=True, help="A pipe: the worker ends when it is closed.")
def main(socket: int, ready: int, tether: int) -> None:
    """Serve requests from an open socket."""
    tie(tether)
    try:
        from crm_web.wsgi import application

        app = application()
    except ConfigurationError as error:
        report(error)
        sys.exit(os.EX_CONFIG)
    require_health(app)
    # What has been built stays until the end: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    serve(app, socket, read_settings().threads, lambda: announce(ready))


def require_health(app: ModuleSwitch) -> None:
    """Send a request through the whole app before others do. Raises ``RuntimeError`` when it does not answer."""
    from werkzeug.test import Client

    answer = Client(app).get("/healthz", base_url=read_settings().base_url)
    if answer.status_code != 200:
        raise RuntimeError(f"/healthz answers {answer.status}")


def announce(ready: int) -> None:
    """Tell the supervisor."""
    os.write(ready, b"!")
    os.close(ready)


def serve(app: Callable[..., Any], socket: int, threads: int, started: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests in flight are finished."""
    from granian import _futures, _granian, _signals, wsgi

    parts: Any = _granian  # its stubs lag behind
    new_scheduler: Any = _futures._new_cbscheduler
    signalled: Any = _signals.set_sync_signals
    over, stop, loop = threading.Event(), signalled(), asyncio.new_event_loop()
    stop.add_cb(over.set)
    holder = (None, parts.SocketHolder(socket, False, BACKLOG))
    no_tls: tuple[Any, ...] = (False, None, None, None, "tls1.3", None, [], False)
    http = ("1", None, None, None)
    worker = parts.WSGIWorker(1, holder, None, 1, 512, threads, 30, _CONNECTIONS, *http, *no_tls, (None, None))
    worker.serve_mtr(new_scheduler(loop, wsgi._callback_wrapper(app, {}), impl_asyncio=True), loop, stop)
    started()
    over.wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    main()
