"""The supervisor of ``crm serve``: worker processes that answer requests, and one that does the background work.

It holds the listening socket and nothing else of value, imports little, and so has no reason to die. A
worker that dies is replaced. To bring new code, or on SIGHUP, each worker gets a successor; only when that
one answers is an old one told to finish. All end with the supervisor, even if it is killed.

The background work has a process of its own: an import does not slow down the pages, and killing either
does not touch the other.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator

from crm_core.errors import ConfigurationError
from crm_core.plugin.code import CodeWatch
from crm_core.settings import Settings
from crm_core.text import messages
from crm_web.child import Child

__all__ = ["Supervisor", "listen", "serve"]

_ = messages("web")
_log = logging.getLogger("crm.serve")

BACKLOG = 1024
_BIND_SECONDS = 10.0
_LOOK_EVERY = 0.1
_READY_SECONDS = 60.0
"""A worker that does not answer for so long after its start is given up."""
_STOP_SECONDS = 30.0
"""How long requests and jobs may take to finish."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 10.0
"""Between attempts to start workers that end before they answer; it grows until one answers."""


def serve(settings: Settings, ready: Callable[[], None] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; gives the exit code. ``ready`` is called when the first worker answers.

    Raises ``ConfigurationError`` when the address cannot be listened at.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    with listen(settings.host, settings.port) as listening:
        return Supervisor(settings, listening, ready).run()


@contextlib.contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket; waits a little for the last workers of a supervisor that was killed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    until = time.monotonic() + _BIND_SECONDS
    with socket.socket(family, socket.SOCK_STREAM) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # What is accepted inherits it. Without it the end of a larger answer waits for an acknowledgement that
        # clients hold back for 40 ms.
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while not _bound(opened, host, port, last=time.monotonic() > until):
            time.sleep(0.1)
        opened.listen(BACKLOG)
        opened.setblocking(False)
        yield opened


def _bound(opened: socket.socket, host: str, port: int, *, last: bool) -> bool:
    try:
        opened.bind((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE and not last:
            return False
        message = _("Cannot listen at %(host)s:%(port)s: %(error)s.", host=host, port=port, error=error.strerror)
        raise ConfigurationError(message, hint=_("Stop the other program, or choose another port: --port.")) from error
    return True


class Supervisor:
    """Keeps ``settings.workers`` workers alive, and one process for jobs where these are embedded."""

    def __init__(self, settings: Settings, listening: socket.socket, ready: Callable[[], None] | None = None) -> None:
        self._settings = settings
        self._listening = listening
        self._announce = ready
        self._workers: list[Child] = []
        self._leaving: list[Child] = []
        self._jobs: Child | None = None
        self._renew_before = float("-inf")
        """Workers that were born before this moment are to be replaced."""
        self._start_at = self._start_jobs_at = 0.0
        self._pause = _FIRST_PAUSE
        self._hung_up = False
        self._code: int | None = None
        self._watch = CodeWatch()
        self._tether, self._rope = os.pipe()

    def run(self) -> int:
        """Supervise until told to stop; gives the exit code."""
        signal.signal(signal.SIGTERM, lambda *_: self.stop())
        signal.signal(signal.SIGINT, lambda *_: self.stop())
        signal.signal(signal.SIGHUP, lambda *_: self.renew())
        while self._code is None:
            self._look()
            time.sleep(_LOOK_EVERY)
        self._end()
        return self._code

    def stop(self) -> None:
        """Finish what is being done, then end."""
        self._code = os.EX_OK

    def renew(self) -> None:
        """Replace all processes by new ones, one by one."""
        self._hung_up = True

    def _look(self) -> None:
        self._bury()
        if self._hung_up or self._watch.changed():
            self._begin_renewal()
        self._replace()
        self._fill_up()
        self._keep_jobs()
        if any(child.born > self._start_at for child in self._answering()):
            self._pause = _FIRST_PAUSE
        if self._announce is not None and self._answering():
            self._announce()
            self._announce = None

    def _bury(self) -> None:
        """Notice who has ended; end by force who should have ended long ago."""
        for child in self._leaving:
            child.insist(_STOP_SECONDS)
        self._leaving = [child for child in self._leaving if not child.ended]
        for child in list(self._workers):
            if not child.ready and time.monotonic() - child.born > _READY_SECONDS:
                child.finish()
                child.insist(0)
            if child.ended:
                self._workers.remove(child)
                self._explain(child)

    def _explain(self, child: Child) -> None:
        if child.ready:
            _log.warning("worker %s ended (%s) and is replaced", child.pid, child.code)
        elif self._outdated():
            self._renew_before = float("-inf")
            _log.error("a new worker did not start (%s); the old ones go on", child.code)
        elif child.code == os.EX_CONFIG and not self._answering():
            self._code = os.EX_CONFIG
        else:
            self._start_at = time.monotonic() + self._pause
            self._pause = min(_LONGEST_PAUSE, self._pause * 2)
            _log.error("a worker did not start (%s); it is tried again", child.code)

    def _begin_renewal(self) -> None:
        self._hung_up = False
        self._watch.accept()
        self._renew_before = time.monotonic()
        _log.info("the workers are replaced one by one")
        if self._jobs is not None:
            self._jobs.finish()

    def _replace(self) -> None:
        """Tell an old worker to finish once there is one more than needed that answers."""
        outdated = self._outdated()
        if outdated and len(self._answering()) > self._settings.workers:
            self._workers.remove(outdated[0])
            self._leaving.append(outdated[0])
            outdated[0].finish()

    def _fill_up(self) -> None:
        """Start what is missing: the first one alone, so that it answers soon, and successors one by one."""
        outdated = self._outdated()
        wanted = self._settings.workers + (1 if outdated else 0)
        while len(self._workers) < wanted and time.monotonic() >= self._start_at:
            if len(self._answering()) < len(self._workers) and (outdated or not self._answering()):
                break
            self._workers.append(self._start_worker())

    def _keep_jobs(self) -> None:
        if self._jobs is not None:
            self._jobs.insist(_STOP_SECONDS)
            if self._jobs.ended:
                _log.info("the process for jobs ended (%s)", self._jobs.code)
                self._start_jobs_at = max(self._jobs.born + 2.0, time.monotonic())
                self._jobs = None
        # Pages first: this process competes with the workers for the processor while it starts.
        wanted = self._settings.jobs == "embedded" and len(self._answering()) >= self._settings.workers
        if self._jobs is None and wanted and time.monotonic() >= self._start_jobs_at:
            command = ["-m", "crm_core.cli", "worker", "--tether", str(self._tether)]
            self._jobs = Child(command, os.environ, [self._tether], tells=False)

    def _start_worker(self) -> Child:
        socket_number = self._listening.fileno()
        command = ["-m", "crm_web.worker", "--socket", str(socket_number), "--tether", str(self._tether)]
        return Child(command, os.environ, [socket_number, self._tether], tells=True)

    def _answering(self) -> list[Child]:
        return [child for child in self._workers if child.ready]

    def _outdated(self) -> list[Child]:
        return [child for child in self._workers if child.born < self._renew_before]

    def _end(self) -> None:
        children = [*self._workers, *self._leaving, *([self._jobs] if self._jobs else [])]
        for child in children:
            child.finish()
        while not all(child.ended for child in children):
            for child in children:
                child.insist(_STOP_SECONDS)
            time.sleep(0.05)
        os.close(self._rope)
        os.close(self._tether)
