"""Enabling a module in a process that is killed at its n-th SQL statement.

The processes are forked from a server that has imported everything and opened nothing, so that hundreds of
kills cost seconds:

    with KillServer(registry()) as server:
        server.enable("shelf", url, data_dir)             # Outcome(state="done", steps=41)
        server.enable("shelf", url, data_dir, kill_at=7)  # Outcome(state="killed", steps=7)
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Engine, event

from crm_core.access.principal import system
from crm_core.db.engine import open_database
from crm_core.plugin.discover import Installed, load
from crm_core.plugin.lifecycle import enable
from crm_core.runtime import build
from crm_core.testing.database import settings_for

__all__ = ["KillServer", "Outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``state`` is done | killed | failed; ``steps`` counts statements and commits; ``said`` is the failure."""

    state: str
    steps: int = 0
    said: str = ""


class KillServer:
    """Forks a process for each attempt; the registry is what they find installed."""

    def __init__(self, registry: Sequence[Installed]) -> None:
        self._registry = [dataclasses.asdict(one) for one in registry]

    def __enter__(self) -> KillServer:
        command = [sys.executable, "-m", __name__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._ask({"path": [entry for entry in sys.path if entry], "registry": self._registry})
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _t: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=60)

    def enable(self, module: str, url: str, data_dir: Path, *, kill_at: int = 0) -> Outcome:
        """Enable the module; the process dies before its statement or commit number ``kill_at``."""
        answer = self._ask({"module": module, "url": url, "data_dir": str(data_dir), "kill_at": kill_at})
        return Outcome(**answer)

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def _serve() -> None:
    beginning = json.loads(sys.stdin.readline())
    sys.path[:] = beginning["path"]
    registry = tuple(Installed(**{**one, "requires": tuple(one["requires"])}) for one in beginning["registry"])
    for one in registry:
        load(one)
    _say({})
    for line in sys.stdin:
        question = json.loads(line)
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            _attempt(registry, writer, **question)
        os.close(writer)
        with os.fdopen(reader) as answer:
            said = answer.read()
        os.waitpid(child, 0)
        _say(json.loads(said) if said else {"state": "killed", "steps": question["kill_at"]})


def _attempt(registry: Sequence[Installed], writer: int, *, module: str, url: str, data_dir: str, kill_at: int) -> None:
    """What a forked process does; it never returns."""
    steps = 0

    def step(*_event: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        crm = build(settings_for(url, Path(data_dir)), open_database(url), registry=lambda: registry)
        event.listen(Engine, "before_cursor_execute", step)
        event.listen(Engine, "commit", step)
        enable(crm, module, system("crash"))
        answer = {"state": "done", "steps": steps}
    except Exception:  # noqa: BLE001 - whatever it was, the test is told
        answer = {"state": "failed", "steps": steps, "said": traceback.format_exc()}
    os.write(writer, json.dumps(answer).encode())
    os._exit(0)


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 - the answer to the parent


if __name__ == "__main__":
    _serve()
