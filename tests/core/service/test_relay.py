"""The relay: every event reaches every subscribing module once it is committed, each on its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import insert, select, text

from crm_core.access.principal import system
from crm_core.db.base import new_id
from crm_core.db.engine import Database
from crm_core.job.ledger import progress
from crm_core.job.runner import Runner
from crm_core.model import Event, Job
from crm_core.runtime import Crm, build
from crm_core.service.relay import Relay
from crm_core.settings import Settings
from crm_core.testing.module import ModuleMaker
from crm_core.testing.statements import Statements

ACTOR = system("test")
HEARS = """
from sqlalchemy import text

@hookimpl
def crm_event(event, context):
    if event.type == "core.account.broken":
        raise RuntimeError("cannot bear it")
    with context.step(last=True) as step:
        step.session.execute(
            text("INSERT INTO heard (module, seq, type) VALUES (:module, :seq, :type)"),
            {"module": MODULE.name, "seq": event.seq, "type": event.type},
        )
"""
DEAF = """
@hookimpl
def crm_event(event):
    raise RuntimeError("never")
"""


@pytest.fixture
def subscribed(settings: Settings, database: Database, tmp_module: ModuleMaker) -> Crm:
    """A program with two modules that hear events and one that always fails to."""
    with database.lane(), database.write.begin() as connection:
        connection.execute(text("CREATE TABLE heard (module VARCHAR(20), seq INTEGER, type VARCHAR(80))"))
    for name, code in (("ears", HEARS), ("eyes", HEARS), ("deaf", DEAF)):
        tmp_module.make(name, code)
    return build(settings, database, enabled=["ears", "eyes", "deaf"], registry=tmp_module)


def publish(crm: Crm, kind: str = "core.account.created", number: int = 1) -> None:
    row = {"type": kind, "entity": "core.account", "record_id": new_id(), "payload": {}}
    with crm.writing(ACTOR) as session:
        for _ in range(number):
            session.execute(insert(Event).values(row))


def settle(crm: Crm) -> None:
    """Wait until the feed may show all events: on PostgreSQL open transactions of other tests hold it up too."""
    if crm.database.sqlite:
        return
    held_up = text("SELECT max(txid) >= txid_snapshot_xmin(txid_current_snapshot()) FROM core_event")
    until = time.monotonic() + 120
    with crm.database.read.connect() as connection:
        while connection.execute(held_up).scalar():
            assert time.monotonic() < until, "a transaction stays open"
            time.sleep(0.05)


def relayed(crm: Crm) -> list[str]:
    with crm.reading(ACTOR) as session:
        return sorted(key for key in session.scalars(select(Job.key)) if key and key.startswith("event:"))


def heard(crm: Crm) -> list[tuple[str, int]]:
    with crm.reading(ACTOR) as session:
        return [(row.module, row.seq) for row in session.execute(text("SELECT * FROM heard ORDER BY module, seq"))]


def work_until(crm: Crm, done: Callable[[], bool]) -> None:
    """Let a runner with a relay work until something holds."""
    runner = Runner(lambda: crm, poll_seconds=0.05, ticks=[Relay()])
    thread = threading.Thread(target=runner.run)
    thread.start()
    until = time.monotonic() + 15
    while not done() and time.monotonic() < until:
        time.sleep(0.02)
    runner.stop()
    thread.join()
    assert done()


def test_every_subscriber_hears_every_event_once_and_a_failing_one_keeps_none_from_the_others(subscribed: Crm) -> None:
    publish(subscribed, number=3)
    settle(subscribed)
    expected = [(module, seq) for module in ("ears", "eyes") for seq in (1, 2, 3)]
    work_until(subscribed, lambda: heard(subscribed) == expected)
    with subscribed.reading(ACTOR) as session:
        failing = session.scalars(select(Job.id).where(Job.key == "event:1:deaf")).one()
        assert "RuntimeError: never" in (progress(session, failing).error or "")
        assert progress(session, failing).state == "ready", "it is tried again"


def test_two_relays_make_each_job_once(subscribed: Crm) -> None:
    publish(subscribed, number=20)
    settle(subscribed)
    threads = [threading.Thread(target=Relay(), args=(subscribed,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Relay()(subscribed)
    assert len(relayed(subscribed)) == 20 * 3


def test_a_long_log_is_relayed_in_chunks_to_its_end(subscribed: Crm) -> None:
    publish(subscribed, number=1_100)
    settle(subscribed)
    Relay()(subscribed)
    assert len(relayed(subscribed)) == 1_100 * 3


def test_events_of_the_time_before_anybody_subscribed_are_not_delivered(
    settings: Settings, database: Database, tmp_module: ModuleMaker
) -> None:
    alone = build(settings, database)
    publish(alone, number=5)
    settle(alone)
    Relay()(alone)
    tmp_module.make("ears", HEARS)
    crm = build(settings, database, enabled=["ears"], registry=tmp_module)
    publish(crm)
    settle(crm)
    Relay()(crm)
    assert relayed(crm) == ["event:6:ears"]


def test_events_for_a_module_that_was_switched_off_wait_for_it(subscribed: Crm) -> None:
    publish(subscribed)
    settle(subscribed)
    Relay()(subscribed)
    without, job = build(subscribed.settings, subscribed.database), "event:1:ears"

    def state() -> str:
        with without.reading(ACTOR) as session:
            return str(session.scalars(select(Job.state).where(Job.key == job)).one())

    work_until(without, lambda: state() == "parked")
    work_until(subscribed, lambda: ("ears", 1) in heard(subscribed))


def test_nothing_to_relay_costs_one_statement(
    subscribed: Crm, count_statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    relay = Relay()
    publish(subscribed)
    settle(subscribed)
    relay(subscribed)
    with count_statements() as seen:
        relay(subscribed)
    assert len(seen) == 1


@pytest.mark.postgresql
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # on SQLite writers queue: nothing can come late
def test_an_event_that_is_committed_late_is_not_passed_by(subscribed: Crm) -> None:
    relay = Relay()
    row = {"type": "core.account.created", "entity": "core.account", "record_id": new_id(), "payload": {}}
    with subscribed.writing(ACTOR) as late:
        late.execute(insert(Event).values(row))
        publish(subscribed)
        relay(subscribed)
        assert relayed(subscribed) == [], "the later event waits for the earlier one"
    settle(subscribed)
    relay(subscribed)
    assert {key.split(":")[1] for key in relayed(subscribed)} == {"1", "2"}
