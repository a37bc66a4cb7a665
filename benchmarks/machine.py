"""Processes and what they cost: processor time and memory from ``/proc``."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.client import Client

__all__ = ["Server", "cpu_ms", "memory_mb", "parent_of", "processes"]

_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
_START_SECONDS = 120


class Server:
    """A server with its children, started on a port of this machine; ``started`` is the seconds to its first answer."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], port: int, log: Path) -> None:
        self.port = port
        began = time.perf_counter()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, env={**os.environ, **environ}, stdout=output, stderr=output, start_new_session=True
            )
        self._wait(began, log)
        self.started = time.perf_counter() - began

    @property
    def pid(self) -> int:
        """The first process."""
        return self._process.pid

    def stop(self) -> None:
        """End all of it."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def settle(self) -> None:
        """Wait until nothing is going on any more."""
        before = -1.0
        while (now := cpu_ms(self.pid)) - before > _TICK_MS:
            before = now
            time.sleep(1)

    def _wait(self, began: float, log: Path) -> None:
        while time.perf_counter() - began < _START_SECONDS and self._process.poll() is None:
            try:
                Client(self.port).get("/healthz")
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(f"{self._process.args!r} did not start, see {log}")


def processes(pid: int) -> list[int]:
    """A process with all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        parent = parent_of(int(entry)) if entry.isdigit() else None
        if parent is not None:
            children.setdefault(parent, []).append(int(entry))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def cpu_ms(pid: int) -> float:
    """The processor time that a process and its descendants have used, ended children of its own included."""
    total = 0
    for one in processes(pid):
        fields = _stat(one)
        if fields:
            total += int(fields[11]) + int(fields[12])
            total += int(fields[13]) + int(fields[14]) if one == pid else 0
    return total * _TICK_MS


def parent_of(pid: int) -> int | None:
    """The parent of a process, ``None`` when the process is not one of this machine."""
    fields = _stat(pid)
    return int(fields[1]) if fields else None


def memory_mb(pid: int) -> tuple[float, float]:
    """What a process holds (RSS), and the share that is its own (PSS), in MB."""
    sizes = dict.fromkeys(("Rss", "Pss"), 0.0)
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _colon, rest = line.partition(":")
        if name in sizes:
            sizes[name] = int(rest.split()[0]) / 1024
    return sizes["Rss"], sizes["Pss"]


def _stat(pid: int) -> list[str]:
    """The fields of ``/proc/…/stat`` behind the name, which may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
