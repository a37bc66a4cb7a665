"""Noticing that other code was installed than the one that a process has loaded: Python does not reload."""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path

__all__ = ["CodeWatch", "installed_code"]

_MARKS = (".dist-info", ".egg-info")


def installed_code() -> str:
    """A fingerprint of all installed distributions; cheap, because it reads folders only, no metadata."""
    seen = []
    for folder in map(Path, filter(None, sys.path)):
        try:
            entries = sorted(folder.iterdir())
        except OSError:
            continue
        # The installer writes RECORD last, so its time tells a reinstallation of the same version.
        seen += [f"{entry}:{_changed(entry)}" for entry in entries if entry.suffix in _MARKS]
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()


def _changed(entry: Path) -> int:
    for path in (entry / "RECORD", entry):
        try:
            return path.stat().st_mtime_ns
        except OSError:
            continue
    return 0


class CodeWatch:
    """Says when distributions were installed, upgraded or removed since it was made.

    It waits until two looks in a row see the same: an installer that is at work has not finished.
    """

    def __init__(self, *, every_seconds: float = 2.0) -> None:
        self._every = every_seconds
        self._loaded = self._last = installed_code()
        self._look_at = time.monotonic() + every_seconds

    def changed(self) -> bool:
        """Whether other code is installed than was at the beginning, or after the last ``accept``."""
        if time.monotonic() < self._look_at:
            return False
        self._look_at = time.monotonic() + self._every
        before, self._last = self._last, installed_code()
        return self._last == before != self._loaded

    def accept(self) -> None:
        """Take what is installed now as loaded: processes with it have been started."""
        self._loaded = self._last
