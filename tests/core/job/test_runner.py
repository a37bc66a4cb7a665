"""The runner: jobs come to an end whatever their functions do, and nothing is done twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text, update

from crm_core.access.principal import Principal, system
from crm_core.job.ledger import Progress, ask_cancel, enqueue
from crm_core.job.runner import Runner
from crm_core.job.schedule import fire, firings
from crm_core.model import Job, User
from crm_core.plugin.contributions import Job as JobKind
from crm_core.runtime import Crm

Program = Callable[..., Crm]
Run = Callable[..., Runner]
Wait = Callable[..., Progress]
Effects = Callable[[str], list[int]]


def put(crm: Crm, kind: str, actor: Principal | None = None, **args: Any) -> str:
    with crm.writing(actor or system("test")) as session:
        return enqueue(session, f"test.{kind}", args)


def test_a_long_job_tells_how_far_it_is_and_ends_with_its_result(
    program: Program, run: Run, wait_for: Wait, effects: Effects
) -> None:
    crm = program(chunks={})
    job = put(crm, "chunks", rows=50)
    run(crm)
    done = wait_for(job, "done")
    assert (done.done, done.total, done.result) == (50, 50, {"rows": 50})
    assert effects(job) == list(range(50))


def test_a_committed_job_starts_without_waiting_for_the_next_poll(program: Program, run: Run, wait_for: Wait) -> None:
    crm = program(once={})
    run(crm, poll_seconds=30)
    time.sleep(0.3)
    wait_for(put(crm, "once"), "done", seconds=10)


def test_a_poisonous_job_ends_with_its_reason_leaves_nothing_and_stops_no_other(
    program: Program, run: Run, wait_for: Wait, effects: Effects
) -> None:
    crm = program(poison={"max_attempts": 1}, once={})
    poison, good = put(crm, "poison"), put(crm, "once")
    run(crm, threads=1)
    dead = wait_for(poison, "dead")
    assert dead.error is not None
    assert dead.error.strip().endswith("RuntimeError: this never works")
    assert wait_for(good, "done").result == {"by": "test.once"}
    assert effects(poison) == []


def test_what_is_refused_is_not_tried_again(program: Program, run: Run, wait_for: Wait) -> None:
    crm = program(refused={"max_attempts": 5})
    job = put(crm, "refused")
    run(crm)
    dead = wait_for(job, "dead")
    assert (dead.attempts, dead.error) == (1, "You do not have the right to do this.")


@pytest.mark.parametrize("function", ["huge", "odd"])
def test_a_result_that_cannot_be_kept_is_a_failure(program: Program, run: Run, wait_for: Wait, function: str) -> None:
    crm = program(**{function: {"max_attempts": 1}})
    job = put(crm, function)
    run(crm)
    assert "result of a job" in (wait_for(job, "dead").error or "")


def test_a_job_that_hangs_is_broken_off_the_error_shows_where_and_a_new_process_is_asked_for(
    program: Program, run: Run, wait_for: Wait
) -> None:
    crm = program(endless={"max_seconds": 1, "max_attempts": 1}, once={})
    job = put(crm, "endless")
    runner = run(crm, threads=1)
    dead = wait_for(job, "dead")
    assert "time.sleep(0.01)" in (dead.error or "")
    assert "no step for longer" in (dead.error or "")
    assert runner.spent
    run(crm)
    wait_for(put(crm, "once"), "done")


def test_a_job_that_cannot_even_be_broken_off_is_given_up(
    program: Program, run: Run, wait_for: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_core.job.runner._LAST_CHANCE", 0.2)
    crm = program(deaf={"max_seconds": 1, "max_attempts": 1})
    job = put(crm, "deaf", pause=3)
    runner = run(crm)
    assert "could not be ended" in (wait_for(job, "dead").error or "")
    assert runner.spent


def test_a_running_job_stops_at_its_next_step_when_asked(
    program: Program, run: Run, wait_for: Wait, effects: Effects
) -> None:
    crm = program(chunks={})
    job = put(crm, "chunks", rows=10_000, pause=0.02)
    run(crm)
    wait_for(job, "running")
    with crm.writing(system("test")) as session:
        ask_cancel(session, job)
    ended = wait_for(job, "cancelled")
    assert ended.result == {"rows": ended.done}
    assert effects(job) == list(range(ended.done))


def test_a_job_of_an_unknown_kind_waits_until_its_module_is_there(program: Program, run: Run, wait_for: Wait) -> None:
    without, known = program(), program(once={})
    current = [without]
    job = put(without, "once")
    run(lambda: current[0])
    wait_for(job, "parked")
    current[0] = known
    wait_for(job, "done")


def test_a_job_whose_module_is_off_is_put_aside(program: Program, run: Run, wait_for: Wait) -> None:
    crm = program(parked={})
    job = put(crm, "parked")
    run(crm)
    assert wait_for(job, "parked").error == "the module is off"


def test_a_stopped_runner_gives_its_job_back_and_the_next_one_goes_on(
    program: Program, run: Run, wait_for: Wait, effects: Effects
) -> None:
    crm = program(chunks={})
    job = put(crm, "chunks", rows=200, pause=0.05)
    first = run(crm)
    while wait_for(job, "running", "ready").done < 20:
        time.sleep(0.02)
    first.stop()
    given_back = wait_for(job, "ready")
    assert 20 <= given_back.done < 200
    run(crm)
    assert wait_for(job, "done").result == {"rows": 200}
    assert effects(job) == list(range(200))


def test_the_lease_of_a_long_step_is_renewed(program: Program, run: Run, wait_for: Wait, effects: Effects) -> None:
    crm = program(once={})
    job = put(crm, "once", pause=2)
    run(crm, lease_seconds=0.6)
    run(crm, lease_seconds=0.6)
    done = wait_for(job, "done")
    assert done.attempts == 1
    assert effects(job) == [0]


def test_a_job_has_the_rights_that_its_person_has_when_it_runs(
    program: Program, run: Run, wait_for: Wait, actor: Principal
) -> None:
    crm = program(who={})
    assert actor.may("core.account.view"), "the request had all rights"
    job = put(crm, "who", actor)
    run(crm)
    assert wait_for(job, "done").result == {"id": actor.id, "may": False}, "the person has no role in the database"


def test_a_job_of_somebody_who_has_left_is_not_done(
    program: Program, run: Run, wait_for: Wait, actor: Principal
) -> None:
    crm = program(who={})
    job = put(crm, "who", actor)
    with crm.writing(system("test")) as session:
        session.execute(update(User).values(is_active=False))
    run(crm)
    assert wait_for(job, "dead").error == "The person who asked for this has no access any more."


def test_after_a_long_absence_a_schedule_fires_once_however_many_runners_there_are(
    program: Program, run: Run, crm: Crm
) -> None:
    scheduled = program(once={"every": 86_400 * 30})
    with crm.writing(system("test")) as session:
        enqueue(session, "test.once", {}, key="sched:test.once:20200101T000000Z")
        session.execute(update(Job).values(state="done"))
    for _ in range(3):
        run(scheduled)
    until = time.monotonic() + 10
    while len(_fired(crm)) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.3)
    assert len(_fired(crm)) == 2


def test_a_schedule_waits_until_its_earlier_firing_has_ended(crm: Crm) -> None:
    due = {"test.once": "sched:test.once:20200102T000000Z"}
    with crm.writing(system("test")) as session:
        enqueue(session, "test.once", {}, key="sched:test.once:20200101T000000Z")
        fire(session, due)
    assert len(_fired(crm)) == 1
    with crm.writing(system("test")) as session:
        session.execute(update(Job).values(state="done"))
        fire(session, due)
        fire(session, due)
    assert len(_fired(crm)) == 2


def test_a_firing_is_named_after_its_time_whoever_asks_and_when(program: Program) -> None:
    kinds = program(once={"every": 3600}, chunks={}).all(JobKind)
    for minute in (0, 25, 59):
        at = datetime(2026, 5, 4, 13, minute, 7, tzinfo=UTC)
        assert firings(kinds, at) == {"test.once": "sched:test.once:20260504T130000Z"}


def test_several_jobs_run_side_by_side(program: Program, run: Run, wait_for: Wait) -> None:
    crm = program(meet={})
    jobs = [put(crm, "meet", all=3) for _ in range(3)]
    run(crm, threads=3)
    for job in jobs:
        wait_for(job, "done")


def _fired(crm: Crm) -> list[str]:
    with crm.database.read.connect() as connection:
        return list(connection.execute(text("SELECT key FROM core_job WHERE key LIKE 'sched:%'")).scalars())
