"""The bell that wakes the job runners of this machine as soon as a job was committed; a hint, never the truth.

Runners poll anyway. Each of them listens at a named pipe in the data directory; whoever commits a job
writes one byte into all of them.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

__all__ = ["Bell", "listening", "ring", "ring_after_commit"]

_SUFFIX = ".bell"
_RUNG = "job.bell"


class Bell:
    """A bell that can be waited for; ``ring`` also works from other threads and from signal handlers."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._open = True
        self._lock = threading.RLock()

    def wait(self, seconds: float) -> bool:
        """Wait until it rings, at most so long; says whether it rang."""
        ready, _, _ = select.select([self._pipe], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            while ready and os.read(self._pipe, 512):
                pass
        return bool(ready)

    def ring(self) -> None:
        """Wake who waits; nobody does once it is closed."""
        with self._lock, contextlib.suppress(BlockingIOError):
            # A closed pipe's number may meanwhile be that of another file.
            if self._open:
                os.write(self._pipe, b"!")

    def close(self) -> None:
        """Give the pipe back."""
        with self._lock:
            self._open = False
            os.close(self._pipe)


@contextlib.contextmanager
def listening(data_dir: Path) -> Iterator[Bell]:
    """A bell of this process, which ``ring`` reaches while the block runs."""
    folder = _folder(data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{os.getpid()}-{threading.get_ident()}{_SUFFIX}"
    # It gets its name when it is open: a pipe that nobody reads is taken for one of a killed process.
    quiet = path.with_suffix(".quiet")
    quiet.unlink(missing_ok=True)
    os.mkfifo(quiet, 0o600)
    # Opened for both directions, so that it never ends when a writer closes it.
    bell = Bell(os.open(quiet, os.O_RDWR | os.O_NONBLOCK))
    quiet.rename(path)
    try:
        yield bell
    finally:
        path.unlink(missing_ok=True)
        bell.close()


def ring(data_dir: Path) -> None:
    """Wake all runners of this machine; those that were killed are forgotten. Never raises or waits."""
    with contextlib.suppress(OSError):
        for path in _folder(data_dir).glob(f"*{_SUFFIX}"):
            _ring_one(path)


def ring_after_commit(session: Session) -> None:
    """Ring once the session's transaction is committed."""
    crm = session.info.get("crm")
    if crm is None or _RUNG in session.info:
        return
    session.info[_RUNG] = True
    data_dir: Path = crm.settings.data_dir
    event.listen(session, "after_commit", lambda _session: ring(data_dir))


def _ring_one(path: Path) -> None:
    try:
        pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:  # nobody listens any more
        path.unlink(missing_ok=True)
        return
    with contextlib.suppress(BlockingIOError):
        os.write(pipe, b"!")
    os.close(pipe)


def _folder(data_dir: Path) -> Path:
    return data_dir / "run"
