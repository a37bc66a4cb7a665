"""kill -9 in the middle of an import: nothing is lost, nothing is doubled, nothing is half done."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from crm_core.access.load import load_principal
from crm_core.access.principal import Principal, system
from crm_core.job import ledger
from crm_core.model import Contact, ContactPoint, Event, HistoryLink, ImportBatch, ImportEffect, SearchRow
from crm_core.runtime import Crm
from crm_core.service.people import create_user, seed_roles
from crm_core.service.transfer import batch as batches
from crm_core.service.transfer.job import ask_run

ROWS, CHUNK, KILLS = 4_000, 200, 5
WORKER = Path(__file__).with_name("import_worker.py")


@pytest.fixture
def admin(crm: Crm) -> Principal:
    """A user with rights in the database: the worker loads them anew."""
    with crm.writing(system("test"), origin="cli") as session:
        seed_roles(session)
        user_id = create_user(session, {"login": "boss", "name": "Boss", "roles": ["admin"]})
    with crm.reading(system("test")) as session:
        return load_principal(session, user_id)


def content() -> bytes:
    rows = (f"Person{n};+7903{n:07d};" + ("broken" if n % 50 == 7 else f"p{n}@x.example") for n in range(ROWS))
    return "\n".join(["last_name;phone;email", *rows]).encode()


def start(crm: Crm) -> subprocess.Popen[bytes]:
    url = crm.database.url.render_as_string(hide_password=False)
    command = [sys.executable, str(WORKER), url, str(crm.settings.data_dir), str(CHUNK)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def done(crm: Crm, actor: Principal, job_id: str) -> ledger.Progress:
    with crm.reading(actor) as session:
        return ledger.progress(session, job_id)


def kill_midway(crm: Crm, actor: Principal, job_id: str, chance: random.Random) -> bool:
    """Start a worker, let it get some chunks further, kill it; says whether the job had ended before."""
    worker = start(crm)
    try:
        before, until = done(crm, actor, job_id).done, time.monotonic() + 60
        while done(crm, actor, job_id).done <= before and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(chance.random() * 0.25)
        return done(crm, actor, job_id).ended
    finally:
        worker.kill()
        worker.wait()


def test_an_import_that_is_killed_again_and_again_comes_in_exactly_once(crm: Crm, admin: Principal) -> None:
    with crm.writing(admin, origin="ui") as session:
        batch = batches.open_batch(session, "core.contact", io.BytesIO(content()), "clients.csv")
        job_id = ask_run(session, batch["id"])
    chance, kills = random.Random(7), 0
    for _kill in range(KILLS):
        if kill_midway(crm, admin, job_id, chance):
            break
        kills += 1
    finish(crm, admin, job_id)
    assert kills >= 3
    assert_complete(crm, admin, batch["id"])


def finish(crm: Crm, actor: Principal, job_id: str) -> None:
    worker = start(crm)
    try:
        until = time.monotonic() + 120
        while not done(crm, actor, job_id).ended and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        worker.terminate()
        worker.wait()
    state = done(crm, actor, job_id)
    assert (state.state, state.error) == ("done", None)


def assert_complete(crm: Crm, actor: Principal, batch_id: str) -> None:
    good = sum(1 for n in range(ROWS) if n % 50 != 7)

    def number(model: Any, *conditions: Any) -> int:
        with crm.reading(actor) as session:
            return int(
                session.execute(select(func.count()).select_from(model.__table__).where(*conditions)).scalar_one()
            )

    assert number(Contact) == good
    assert number(SearchRow) == good
    assert number(ContactPoint) == 2 * good
    assert number(HistoryLink) == good
    assert number(Event, Event.__table__.c.type == "core.contact.created") == good
    assert number(ImportEffect) == ROWS
    with crm.reading(actor) as session:
        names = session.execute(select(func.count(func.distinct(Contact.__table__.c.name)))).scalar_one()
        batch = (
            session.execute(select(ImportBatch.__table__).where(ImportBatch.__table__.c.id == batch_id))
            .mappings()
            .one()
        )
    assert names == good
    assert batch["state"] == "done"
    assert batch["counts"] == {"rows": ROWS, "created": good, "updated": 0, "skipped": 0, "error": ROWS - good}
