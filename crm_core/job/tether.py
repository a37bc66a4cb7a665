"""Ending with one's supervisor: a process that nobody supervises any more must not hold a port or a job."""

from __future__ import annotations

import os
import signal
import threading
import time

__all__ = ["tie"]


def tie(pipe: int, *, grace_seconds: float = 5.0) -> None:
    """End this process as by SIGTERM when the other end of the pipe is closed; its owner may have been killed.

    What is not over after the grace period is broken off.
    """
    threading.Thread(target=_watch, args=(pipe, grace_seconds), name="tether", daemon=True).start()


def _watch(pipe: int, grace_seconds: float) -> None:
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_seconds)
    os._exit(os.EX_TEMPFAIL)
