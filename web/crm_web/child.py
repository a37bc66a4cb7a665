"""A process that the supervisor has started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

__all__ = ["Child"]


class Child:
    """A Python process; one that serves says through a pipe when it is ready.

    ``command`` is what follows ``python``. The process gets the file descriptors of ``keep``, and
    ``--ready`` with the number of its pipe when ``tells`` is set.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], keep: Sequence[int], *, tells: bool) -> None:
        self.born = time.monotonic()
        self._told_to_end_at: float | None = None
        self._pipe: int | None = None
        theirs = -1
        if tells:
            self._pipe, theirs = os.pipe()
            os.set_blocking(self._pipe, False)
            command, keep = [*command, "--ready", str(theirs)], [*keep, theirs]
        # -P: what happens to lie in the working directory is not imported.
        self._process = subprocess.Popen([sys.executable, "-P", *command], env=dict(environ), pass_fds=keep)
        if tells:
            os.close(theirs)
        self._ready = not tells

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """How it ended; negative for a signal, ``None`` while it lives."""
        return self._process.poll()

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        if self.code is None:
            return False
        self._close()
        return True

    @property
    def ready(self) -> bool:
        """Whether it has said that it answers requests."""
        if not self._ready and self._pipe is not None:
            try:
                self._ready = os.read(self._pipe, 1) == b"!"
            except BlockingIOError:
                return False
            self._close()
        return self._ready

    def finish(self) -> None:
        """Ask it to finish what it is doing and end."""
        if self._told_to_end_at is None:
            self._told_to_end_at = time.monotonic()
            self._process.terminate()

    def insist(self, seconds: float) -> None:
        """Kill it if it was asked to end that long ago."""
        if self._told_to_end_at is not None and time.monotonic() - self._told_to_end_at > seconds:
            self._process.kill()

    def _close(self) -> None:
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
