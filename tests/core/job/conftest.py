"""A program whose jobs are those of ``job_functions``, and runners that end with the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import text

from crm_core.access.principal import system
from crm_core.job.ledger import Progress, progress
from crm_core.job.runner import Runner
from crm_core.plugin.contributions import Job
from crm_core.runtime import Crm
from crm_core.text import messages

_ = messages("core")


class Program(Protocol):
    """Makes the program with the named functions as kinds of jobs, each with its options."""

    def __call__(self, **kinds: dict[str, Any]) -> Crm: ...


@pytest.fixture
def program(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.syspath_prepend(Path(__file__).parent)
    with crm.database.lane(), crm.database.write.begin() as connection:
        connection.execute(text("CREATE TABLE effect (job VARCHAR(36), n INTEGER)"))

    def make(**kinds: dict[str, Any]) -> Crm:
        declared = tuple(
            Job(id=f"test.{name}", label=_("Test"), target=f"job_functions:{name}", **options)
            for name, options in kinds.items()
        )
        return replace(crm, contributions={**crm.contributions, Job: declared})

    return make


@pytest.fixture
def run() -> Iterator[Callable[..., Runner]]:
    """Starts a runner over a program."""
    started: list[tuple[Runner, threading.Thread]] = []

    def start(crm: Crm | Callable[[], Crm], **options: Any) -> Runner:
        runner = Runner(crm if not isinstance(crm, Crm) else lambda: crm, **{"poll_seconds": 0.05, **options})
        thread = threading.Thread(target=runner.run, kwargs={"grace_seconds": 5})
        thread.start()
        started.append((runner, thread))
        return runner

    yield start
    for runner, _thread in started:
        runner.stop()
    for _runner, thread in started:
        thread.join(10)


@pytest.fixture
def effects(crm: Crm) -> Callable[[str], list[int]]:
    """The numbers that a job has written, sorted."""

    def of(job_id: str) -> list[int]:
        with crm.database.read.connect() as connection:
            rows = connection.execute(text("SELECT n FROM effect WHERE job = :job ORDER BY n"), {"job": job_id})
            return list(rows.scalars())

    return of


@pytest.fixture
def wait_for(crm: Crm) -> Callable[..., Progress]:
    """Waits until a job is in one of the states."""

    def wait(job_id: str, *states: str, seconds: float = 15) -> Progress:
        until = time.monotonic() + seconds
        while True:
            with crm.reading(system("test")) as session:
                found = progress(session, job_id)
            if found.state in states:
                return found
            assert time.monotonic() < until, f"still {found}"
            time.sleep(0.02)

    return wait
