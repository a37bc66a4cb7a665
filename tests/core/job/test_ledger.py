"""The ledger: what is enqueued is done once, by whoever holds the token."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from crm_core.access.principal import Principal, system
from crm_core.db.clock import from_now
from crm_core.errors import NotFound
from crm_core.job import lease, ledger
from crm_core.job.lease import Claimed, Lost, claim
from crm_core.job.ledger import enqueue, progress
from crm_core.job.limit import MAX_BYTES
from crm_core.model import Job
from crm_core.runtime import Crm

KINDS = ["test.one"]
RUNNER = system("test")


def put(crm: Crm, actor: Principal = RUNNER, kind: str = "test.one", **options: Any) -> str:
    with crm.writing(actor) as session:
        return enqueue(session, kind, {}, **options)


def take(crm: Crm, lease_seconds: float = 60) -> Claimed | None:
    with crm.writing(RUNNER) as session:
        return claim(session, KINDS, lease_seconds)


def taken(crm: Crm, lease_seconds: float = 60) -> Claimed:
    found = take(crm, lease_seconds)
    assert found is not None
    return found


def expire(crm: Crm, job: Claimed) -> None:
    with crm.writing(RUNNER) as session:
        session.execute(update(Job).where(Job.id == job.id).values(lease_until=from_now(-1)))


def state(crm: Crm, job_id: str) -> str:
    with crm.reading(RUNNER) as session:
        return progress(session, job_id).state


def finish(crm: Crm, job: Claimed, effect: Callable[[Any], object] | None = None) -> None:
    with crm.writing(RUNNER) as session:
        if effect is not None:
            effect(session)
        lease.finish(session, job.id, job.token, {"ok": True})


def test_a_job_exists_exactly_when_its_transaction_was_committed(crm: Crm) -> None:
    with contextlib.suppress(ZeroDivisionError), crm.writing(RUNNER) as session:
        enqueue(session, "test.one", {})
        raise ZeroDivisionError
    assert take(crm) is None
    job_id = put(crm)
    assert taken(crm).id == job_id


def test_a_key_exists_once_whatever_became_of_its_job(crm: Crm) -> None:
    first = put(crm, key="k")
    assert put(crm, key="k") == first
    finish(crm, taken(crm))
    assert put(crm, key="k") == first
    assert take(crm) is None


def test_two_that_enqueue_a_key_at_the_same_moment_get_the_same_job(crm: Crm) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(put(crm, key="k"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_many_jobs_are_enqueued_at_once_and_keys_that_exist_are_left_out(crm: Crm) -> None:
    put(crm, key="b")
    with crm.writing(RUNNER) as session:
        ledger.enqueue_all(session, "test.one", {key: {"key": key} for key in "abc"})
    with crm.reading(RUNNER) as session:
        assert sorted(str(key) for key in session.scalars(select(Job.key))) == ["a", "b", "c"]


def test_small_priorities_go_first_and_future_jobs_wait(crm: Crm) -> None:
    put(crm, run_at=datetime.now(UTC) + timedelta(hours=1), priority=1)
    late, early, urgent = put(crm), put(crm, run_at=datetime.now(UTC) - timedelta(hours=1)), put(crm, priority=5)
    assert [taken(crm).id for _ in range(3)] == [urgent, early, late]
    assert take(crm) is None


def test_parallel_claims_give_each_job_to_one(crm: Crm) -> None:
    jobs = {put(crm) for _ in range(40)}
    claimed: list[str] = []

    def work() -> None:
        while (job := take(crm)) is not None:
            claimed.append(job.id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(jobs)


def test_an_expired_job_goes_to_another_worker_and_the_first_one_writes_nothing_more(crm: Crm) -> None:
    put(crm)
    zombie = taken(crm)
    assert take(crm) is None, "the lease protects it"
    expire(crm, zombie)
    heir = taken(crm)
    assert (heir.id, heir.attempts) == (zombie.id, 2)
    effect = text("INSERT INTO core_meta (key, value) VALUES ('effect', 1)")
    with pytest.raises(Lost):
        finish(crm, zombie, lambda session: session.execute(effect))
    with pytest.raises(Lost), crm.writing(RUNNER) as session:
        lease.heartbeat(session, zombie.id, zombie.token, 60)
    finish(crm, heir)
    with crm.reading(RUNNER) as session:
        assert session.scalar(text("SELECT count(*) FROM core_meta WHERE key = 'effect'")) == 0
        assert progress(session, heir.id).result == {"ok": True}


def test_a_finished_job_cannot_be_finished_again(crm: Crm) -> None:
    put(crm)
    job = taken(crm)
    finish(crm, job)
    with pytest.raises(Lost):
        finish(crm, job)


def test_a_failure_is_tried_again_later_and_at_last_stays_with_its_reason(crm: Crm) -> None:
    job_id = put(crm, max_attempts=2)
    job = taken(crm)
    with crm.writing(RUNNER) as session:
        assert lease.fail(session, job.id, job.token, "no connection") is False
    assert take(crm) is None, "there is a pause before the next attempt"
    with crm.writing(RUNNER) as session:
        session.execute(update(Job).values(run_at=from_now(-1)))
    job = taken(crm)
    with crm.writing(RUNNER) as session:
        assert lease.fail(session, job.id, job.token, "still no connection") is True
    with crm.reading(RUNNER) as session:
        dead = progress(session, job_id)
    assert (dead.state, dead.error, dead.attempts) == ("dead", "still no connection", 2)
    assert dead.finished_at is not None


def test_progress_counts_the_attempts_anew(crm: Crm) -> None:
    put(crm, max_attempts=2)
    for row in range(1, 6):
        job = taken(crm)
        with crm.writing(RUNNER) as session:
            asked = lease.advance(session, job.id, job.token, cursor={"row": row}, done=row, total=10, lease_seconds=60)
            assert asked is False
        expire(crm, job)
    job = taken(crm)
    assert (job.cursor, job.done, job.total) == ({"row": 5}, 5, 10)


def test_a_job_whose_workers_are_always_lost_dies(crm: Crm) -> None:
    job_id = put(crm, max_attempts=2)
    for _ in range(2):
        expire(crm, taken(crm))
    assert take(crm) is None
    with crm.writing(RUNNER) as session:
        assert ledger.bury(session) == 1
    with crm.reading(RUNNER) as session:
        assert "worker process was lost" in (progress(session, job_id).error or "")


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_is_asked(crm: Crm, actor: Principal) -> None:
    waiting, running = put(crm, actor, kind="test.other"), put(crm, actor)
    job = taken(crm)
    with crm.writing(actor) as session:
        ledger.ask_cancel(session, waiting)
        ledger.ask_cancel(session, running)
    assert state(crm, waiting) == "cancelled"
    assert state(crm, running) == "running"
    with crm.writing(RUNNER) as session:
        assert lease.heartbeat(session, job.id, job.token, 60) is True
        lease.cancel(session, job.id, job.token, {"rows": 3})
    assert state(crm, running) == "cancelled"


def test_jobs_of_others_are_as_if_they_did_not_exist(crm: Crm, actor: Principal) -> None:
    job_id = put(crm, actor)
    stranger = Principal(kind="staff", id="01890000-0000-7000-8000-000000000000")
    with pytest.raises(NotFound), crm.reading(stranger) as session:
        progress(session, job_id)
    with pytest.raises(NotFound), crm.writing(stranger) as session:
        ledger.ask_cancel(session, job_id)
    assert state(crm, job_id) == "ready"


def test_jobs_of_switched_off_modules_wait_until_they_are_known(crm: Crm) -> None:
    known, unknown = put(crm), put(crm, kind="sales.report")
    with crm.writing(RUNNER) as session:
        assert ledger.park(session, KINDS) == 1
    assert (state(crm, known), state(crm, unknown)) == ("ready", "parked")
    with crm.writing(RUNNER) as session:
        assert ledger.unpark(session, KINDS) == 0
        assert ledger.unpark(session, [*KINDS, "sales.report"]) == 1
    assert state(crm, unknown) == "ready"


def test_a_given_back_job_can_be_taken_at_once_and_has_lost_no_attempt(crm: Crm) -> None:
    put(crm)
    job = taken(crm)
    with crm.writing(RUNNER) as session:
        lease.release(session, job.id, job.token)
    assert taken(crm).attempts == 1


@pytest.mark.parametrize("value", [{"text": "x" * MAX_BYTES}, {"thing": object()}], ids=["too big", "no plain data"])
def test_arguments_that_do_not_belong_into_the_ledger_are_refused(crm: Crm, value: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="arguments of a job"), crm.writing(RUNNER) as session:
        enqueue(session, "test.one", value)


def test_old_done_jobs_are_forgotten_but_not_the_dead_and_the_keys_still_needed(crm: Crm) -> None:
    jobs = {key: put(crm, key=key) for key in ("old", "needed", "dead", "young")}
    with crm.writing(RUNNER) as session:
        session.execute(update(Job).values(state="done", finished_at=from_now(-15 * 86400)))
        session.execute(update(Job).where(Job.id == jobs["dead"]).values(state="dead"))
        session.execute(update(Job).where(Job.id == jobs["young"]).values(finished_at=from_now()))
        assert ledger.forget(session, days=14, keep=["needed"]) == 1
        assert session.scalar(select(func.count()).where(Job.key == "old")) == 0


def test_the_next_job_is_found_through_the_index(crm: Crm) -> None:
    with crm.writing(RUNNER) as session:
        ledger.enqueue_all(session, "test.one", {str(n): {} for n in range(500)})
    with crm.database.lane(), crm.database.write.begin() as connection:
        connection.execute(text("ANALYZE core_job"))
        explain = "EXPLAIN QUERY PLAN" if crm.database.sqlite else "EXPLAIN"
        query = "SELECT id FROM core_job WHERE state = 'ready' AND run_at <= '2999' ORDER BY priority, run_at LIMIT 1"
        if not crm.database.sqlite:
            query = query.replace("'2999'", "statement_timestamp()")
        plan = " ".join(str(row) for row in connection.execute(text(f"{explain} {query}")))
    assert "ix_core_job_due" in plan
    assert "sort" not in plan.lower()
    assert "TEMP B-TREE" not in plan
