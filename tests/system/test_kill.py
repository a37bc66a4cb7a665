"""kill -9 and a stopped process: no job is lost, none has its effect twice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from crm_core.access.principal import system
from crm_core.job.ledger import enqueue, progress
from crm_core.model import Job
from crm_core.runtime import Crm

pytestmark = pytest.mark.slow

ACTOR = system("test")
HERE = Path(__file__).parent
LEASE = 0.8

Start = Callable[[], int]


@pytest.fixture
def start(crm: Crm, root: Path) -> Iterator[Start]:
    """Starts a process with a job runner and gives its number."""
    with crm.database.lane(), crm.database.write.begin() as connection:
        connection.execute(text("CREATE TABLE effect (job VARCHAR(36), n INTEGER)"))
    url = crm.database.url.render_as_string(hide_password=False)
    functions = root / "tests" / "core" / "job"
    command = [sys.executable, str(HERE / "job_worker.py"), url, str(crm.settings.data_dir), str(functions), str(LEASE)]
    started: list[int] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as source:
        assert source.stdin is not None
        assert source.stdout is not None

        def fork() -> int:
            source.stdin.write("\n")  # type: ignore[union-attr]
            source.stdin.flush()  # type: ignore[union-attr]
            started.append(int(source.stdout.readline()))  # type: ignore[union-attr]
            return started[-1]

        yield fork
        for pid in started:
            kill(pid)
        source.stdin.close()


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def put(crm: Crm, kind: str, number: int, **args: float) -> list[str]:
    with crm.writing(ACTOR) as session:
        return [enqueue(session, kind, args, max_attempts=100) for _ in range(number)]


def unfinished(crm: Crm) -> int:
    with crm.reading(ACTOR) as session:
        return session.scalar(select(func.count()).select_from(Job).where(Job.state != "done")) or 0


def effects(crm: Crm) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    with crm.reading(ACTOR) as session:
        for job, n in session.execute(text("SELECT job, n FROM effect ORDER BY job, n")):
            found.setdefault(job, []).append(n)
    return found


def test_killed_workers_lose_no_job_and_double_none(crm: Crm, start: Start) -> None:
    short = put(crm, "test.once", 150, pause=0.01)
    long = put(crm, "test.chunks", 4, rows=300, pause=0.01)
    dice, pids, kills = random.Random(1), [start() for _ in range(3)], 0
    until = time.monotonic() + 90
    while unfinished(crm) and time.monotonic() < until:
        time.sleep(dice.uniform(0.05, 0.2))
        if kills < 30:
            victim = dice.randrange(len(pids))
            kill(pids[victim])
            pids[victim] = start()
            kills += 1
    assert kills >= 10, "the test must have killed while work was being done"
    assert unfinished(crm) == 0
    expected = {job: [0] for job in short} | {job: list(range(300)) for job in long}
    assert effects(crm) == expected


def test_a_worker_that_was_stopped_beyond_its_lease_changes_nothing_when_it_goes_on(crm: Crm, start: Start) -> None:
    (job,) = put(crm, "test.once", 1, pause=1)
    zombie = start()
    wait(lambda: attempts(crm, job) == 1)
    os.kill(zombie, signal.SIGSTOP)
    start()
    wait(lambda: unfinished(crm) == 0)
    os.kill(zombie, signal.SIGCONT)
    time.sleep(1.5)
    assert effects(crm) == {job: [0]}
    assert attempts(crm, job) == 2


def wait(condition: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def attempts(crm: Crm, job: str) -> int:
    with crm.reading(ACTOR) as session:
        return progress(session, job).attempts
