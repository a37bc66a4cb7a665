"""Imports, exports, undos and bulk changes as the ledger runs them."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from crm_core.access.load import bump_access
from crm_core.access.principal import Principal, system
from crm_core.db.base import new_id
from crm_core.entity.record import whole
from crm_core.entity.write import update as change
from crm_core.errors import Conflict, Invalid, NotAllowed, NotFound
from crm_core.job import ledger
from crm_core.job.board import jobs_in, numbers, revive
from crm_core.job.lease import claim
from crm_core.job.perform import perform
from crm_core.model import Account, Audit, ImportBatch, ImportEffect, Role, RoleGrant, UserRole
from crm_core.model import Job as JobRow
from crm_core.plugin.contributions import Job
from crm_core.runtime import Crm
from crm_core.service import bulk
from crm_core.service.transfer import batch as batches
from crm_core.service.transfer import job as jobs
from crm_core.service.transfer.export_file import export_file, export_path, remove_old_files
from crm_core.service.transfer.forecast import Forecast, forecast_undo
from crm_core.service.transfer.report import left_out, refused_rows, write_error_file
from crm_core.service.transfer.standing import standing
from crm_core.testing.factories import make_accounts, make_user

WorkOff = Callable[[], None]
GOOD = "Name;Phone;Founded\nЁлка;+7 495 111-22-33;1999\nЛампа;;\n".encode()
MIXED = "Name;Employees\nЁлка;10\nЛампа;many\n;5\nКабель;7\n".encode()


@pytest.fixture
def work_off(crm: Crm) -> WorkOff:
    """Does what waits in the ledger, one job after the other, as a worker would."""
    kinds = {kind.id: kind.target for kind in crm.all(Job) if not kind.every}

    def run() -> None:
        while True:
            with crm.writing(system("test")) as session:
                job = claim(session, list(kinds), 30)
            if job is None:
                return
            perform(crm, job, kinds[job.kind], 30, lambda _context: None)

    return run


@pytest.fixture
def boss(crm: Crm) -> Principal:
    """Somebody whose rights also stand in the database, where jobs read them."""
    person = make_user(crm, "boss", language="ru")
    role = new_id()
    with crm.writing(person) as session:
        session.execute(Role.__table__.insert(), {"id": role, "key": role, "name": {"en": "all"}, "permissions": ["*"]})
        for action in ("view", "create", "edit", "delete", "export", "assign"):
            grant = {"role_id": role, "entity": "*", "action": action, "scope": "all"}
            session.execute(RoleGrant.__table__.insert(), grant)
        session.execute(UserRole.__table__.insert(), {"user_id": person.user_id, "role_id": role})
        bump_access(session)
    return replace(person, language="ru")


def opened(crm: Crm, actor: Principal, content: bytes, **plan: Any) -> dict[str, Any]:
    with crm.writing(actor, origin="ui") as session:
        batch = batches.open_batch(session, "core.account", io.BytesIO(content), "clients.csv")
        return batches.configure(session, batch["id"], plan=plan) if plan else batch


def asked(crm: Crm, actor: Principal, ask: Callable[..., Any], *args: Any) -> Any:
    with crm.writing(actor, origin="ui") as session:
        return ask(session, *args)


def state(crm: Crm, actor: Principal, batch: dict[str, Any]) -> str:
    with crm.reading(actor) as session:
        return standing(session, batches.batch_of(session, batch["id"])).state


def stored(crm: Crm, actor: Principal, batch: dict[str, Any]) -> dict[str, Any]:
    with crm.reading(actor) as session:
        return batches.batch_of(session, batch["id"])


def accounts(crm: Crm) -> int:
    with crm.database.read.connect() as connection:
        table = Account.__table__
        return connection.scalar(select(func.count()).select_from(table).where(table.c.deleted_at.is_(None))) or 0


def test_a_batch_goes_from_draft_to_undone(crm: Crm, boss: Principal, work_off: WorkOff) -> None:
    batch = opened(crm, boss, GOOD)
    assert state(crm, boss, batch) == "draft"
    asked(crm, boss, jobs.ask_check, batch["id"])
    assert state(crm, boss, batch) == "checking"
    work_off()
    assert (state(crm, boss, batch), accounts(crm)) == ("checked", 0)
    found = stored(crm, boss, batch)["counts"]
    assert (found["created"], found["problems"]) == (2, [])
    asked(crm, boss, jobs.ask_run, batch["id"])
    assert state(crm, boss, batch) == "running"
    work_off()
    assert (state(crm, boss, batch), accounts(crm)) == ("done", 2)
    asked(crm, boss, jobs.ask_undo, batch["id"])
    assert state(crm, boss, batch) == "undoing"
    work_off()
    assert (state(crm, boss, batch), accounts(crm)) == ("undone", 0)
    assert stored(crm, boss, batch)["counts"]["undo"]["removed"] == 2


def test_a_second_dry_run_joins_the_first(crm: Crm, boss: Principal) -> None:
    batch = opened(crm, boss, GOOD)
    assert asked(crm, boss, jobs.ask_check, batch["id"]) == asked(crm, boss, jobs.ask_check, batch["id"])


def test_a_dry_run_of_an_old_plan_is_not_taken_for_one_of_the_new(crm: Crm, boss: Principal, work_off: WorkOff) -> None:
    batch = opened(crm, boss, GOOD)
    asked(crm, boss, jobs.ask_check, batch["id"])
    with crm.writing(boss) as session:
        batches.configure(session, batch["id"], plan={"on_match": "create"})
    work_off()
    assert (state(crm, boss, batch), stored(crm, boss, batch)["counts"]) == ("draft", {})


def test_a_cancelled_dry_run_leaves_a_draft(crm: Crm, boss: Principal, work_off: WorkOff) -> None:
    batch = opened(crm, boss, GOOD)
    asked(crm, boss, jobs.ask_check, batch["id"])
    asked(crm, boss, jobs.ask_cancel_batch, batch["id"])
    work_off()
    assert state(crm, boss, batch) == "draft"


def test_a_run_that_is_cancelled_before_it_begins_writes_nothing(crm: Crm, boss: Principal, work_off: WorkOff) -> None:
    batch = opened(crm, boss, GOOD)
    asked(crm, boss, jobs.ask_run, batch["id"])
    asked(crm, boss, jobs.ask_cancel_batch, batch["id"])
    work_off()
    assert (state(crm, boss, batch), accounts(crm)) == ("cancelled", 0)


def test_a_run_that_breaks_off_is_told_from_one_that_goes_on(crm: Crm, boss: Principal, work_off: WorkOff) -> None:
    batch = opened(crm, boss, GOOD)
    asked(crm, boss, jobs.ask_run, batch["id"])
    batches.file_of(crm, batch).unlink()
    with crm.writing(boss) as session:
        session.execute(update(JobRow.__table__).values(max_attempts=1))
    work_off()
    assert state(crm, boss, batch) == "failed"


def test_a_job_that_is_refused_says_why_in_the_language_of_who_asked(
    crm: Crm, boss: Principal, work_off: WorkOff
) -> None:
    batch = opened(crm, boss, GOOD)
    job_id = asked(crm, boss, jobs.ask_check, batch["id"])
    batches.file_of(crm, batch).write_bytes(b"Name;" * 1100 + b"\n")
    work_off()
    with crm.reading(boss) as session:
        assert "Столбцов в файле" in (ledger.progress(session, job_id).error or "")


def test_the_file_of_errors_holds_the_rows_as_they_were_and_can_be_imported_again(
    crm: Crm, boss: Principal, work_off: WorkOff, tmp_path: Path
) -> None:
    batch = opened(crm, boss, MIXED)
    asked(crm, boss, jobs.ask_check, batch["id"])
    work_off()
    assert _errors(crm, boss, batch, tmp_path / "dry.csv") == [
        ["Name", "Employees", "Почему не загружено"],
        ["Лампа", "many", "Сотрудников: «many» — не число."],
        ["", "5", "Название: Заполните это поле."],
    ]
    asked(crm, boss, jobs.ask_run, batch["id"])
    work_off()
    assert _errors(crm, boss, batch, tmp_path / "run.csv")[1:] == _errors(crm, boss, batch, tmp_path / "dry.csv")[1:]
    again = opened(crm, boss, (tmp_path / "run.csv").read_bytes().replace(b"many", b"40"))
    asked(crm, boss, jobs.ask_run, again["id"])
    work_off()
    assert stored(crm, boss, again)["counts"]["created"] == 1


def _errors(crm: Crm, actor: Principal, batch: dict[str, Any], path: Path) -> list[list[str]]:
    with crm.reading(actor) as session:
        found = batches.batch_of(session, batch["id"])
        file = batches.file_of(crm, found)
        write_error_file(crm, found, file, refused_rows(session, found, file), path, "ru")
    return list(csv.reader(path.read_text("utf-8-sig").splitlines(), delimiter=";"))


def test_the_report_names_row_and_line_of_what_was_left_out(crm: Crm, boss: Principal, work_off: WorkOff) -> None:
    batch = opened(crm, boss, MIXED)
    asked(crm, boss, jobs.ask_run, batch["id"])
    work_off()
    with crm.reading(boss) as session:
        rows = left_out(session, batch, "error", 10)
    assert [(row.row, row.line) for row in rows] == [(2, 3), (3, 4)]


def test_cards_that_fail_are_listed_by_number_and_line(
    crm: Crm, boss: Principal, work_off: WorkOff, tmp_path: Path
) -> None:
    cards = b"BEGIN:VCARD\nVERSION:3.0\nFN:Anna\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nNOTE:nobody\nEND:VCARD\n"
    batch = opened(crm, boss, cards)
    asked(crm, boss, jobs.ask_check, batch["id"])
    work_off()
    (heading, row) = _errors(crm, boss, batch, tmp_path / "cards.csv")
    assert heading[:2] == ["Карточка", "Строка"]
    assert row[:2] == ["2", "5"]


def test_an_undo_is_foretold(crm: Crm, boss: Principal, work_off: WorkOff) -> None:
    make_accounts(crm, 1, city="Тверь")
    with crm.database.read.connect() as connection:
        old = connection.scalar(select(Account.__table__.c.id))
    batch = opened(crm, boss, "Name;City\nAccount 1;Москва\nНовая;Пермь\nЕщё;Омск\n".encode())
    asked(crm, boss, jobs.ask_run, batch["id"])
    work_off()
    with crm.reading(boss) as session:
        assert forecast_undo(session, batch["id"]) == Forecast(going=2, restored=1, kept=0)
    with crm.writing(boss) as session:
        change(session, crm.entities["core.account"], {str(old): {"city": "Казань"}})
    with crm.reading(boss) as session:
        assert forecast_undo(session, batch["id"]) == Forecast(going=2, restored=0, kept=1)
    asked(crm, boss, jobs.ask_undo, batch["id"])
    work_off()
    done = stored(crm, boss, batch)["counts"]["undo"]
    assert (done["removed"], done["restored"], done["kept_ids"]) == (2, 0, [old])


def test_an_undo_gives_people_the_companies_back_that_they_had(crm: Crm, boss: Principal, work_off: WorkOff) -> None:
    batch: dict[str, Any] = {}
    for name in ("Ёлка", "Вектор", "Кабель"):
        content = f"Name;E-mail;Company\nАнна Ким;anna@elki.example;{name}\n".encode()
        with crm.writing(boss) as session:
            batch = batches.open_batch(session, "core.contact", io.BytesIO(content), "people.csv")
        asked(crm, boss, jobs.ask_run, batch["id"])
        work_off()
    asked(crm, boss, jobs.ask_undo, batch["id"])
    work_off()
    assert stored(crm, boss, batch)["counts"]["undo"]["restored"] == 1
    with crm.reading(boss) as session:
        entity = crm.entities["core.contact"]
        (key,) = session.execute(select(entity.table.c.id)).scalars()
        person = whole(session, entity, key)
        company = session.scalar(select(Account.__table__.c.name).where(Account.__table__.c.id == person["account_id"]))
    assert company == "Вектор"
    assert sorted(item["until"] is None for item in person["affiliations"]) == [False, True]


def test_imports_that_changed_one_record_after_the_other_are_undone_one_after_the_other(
    crm: Crm, boss: Principal, work_off: WorkOff
) -> None:
    done = []
    for city in ("Омск", "Пермь", "Тверь", "Казань"):
        done.append(opened(crm, boss, f"Name;City\nЁлка;{city}\n".encode()))
        asked(crm, boss, jobs.ask_run, done[-1]["id"])
        work_off()
    cities = []
    for batch in reversed(done):
        asked(crm, boss, jobs.ask_undo, batch["id"])
        work_off()
        with crm.database.read.connect() as connection:
            cities.append(connection.scalar(select(Account.__table__.c.city)))
    assert cities == ["Тверь", "Пермь", "Омск", None]
    assert accounts(crm) == 0


def test_a_change_between_two_imports_is_kept_when_both_are_undone(
    crm: Crm, boss: Principal, work_off: WorkOff
) -> None:
    done = []
    for city in ("Омск", "Пермь"):
        done.append(opened(crm, boss, f"Name;City\nЁлка;{city}\n".encode()))
        asked(crm, boss, jobs.ask_run, done[-1]["id"])
        work_off()
        with crm.writing(boss) as session:
            (key,) = session.execute(select(Account.__table__.c.id)).scalars()
            if city == "Омск":
                change(session, crm.entities["core.account"], {key: {"region": "Сибирь"}})
    for batch in reversed(done):
        asked(crm, boss, jobs.ask_undo, batch["id"])
        work_off()
    assert [stored(crm, boss, batch)["counts"]["undo"]["kept"] for batch in done] == [1, 0]
    assert accounts(crm) == 1


def test_an_old_import_can_no_longer_be_undone(crm: Crm, boss: Principal, work_off: WorkOff) -> None:
    batch = opened(crm, boss, GOOD)
    asked(crm, boss, jobs.ask_run, batch["id"])
    work_off()
    table = ImportBatch.__table__
    with crm.writing(boss) as session:
        session.execute(update(table).values(created_at=table.c.created_at.type.python_type(2020, 1, 1).astimezone()))
    with pytest.raises(Conflict):
        asked(crm, boss, jobs.ask_undo, batch["id"])


def test_an_export_is_fetched_by_who_asked_for_it_while_the_right_lasts(
    crm: Crm, boss: Principal, work_off: WorkOff
) -> None:
    make_accounts(crm, 3)
    job_id = asked(crm, boss, jobs.ask_export, "core.account", [("fields", "name"), ("sort", "-name")], "csv")
    with crm.reading(boss) as session, pytest.raises(NotFound):
        export_file(session, job_id)
    work_off()
    with crm.reading(boss) as session:
        found = export_file(session, job_id)
    assert (found.rows, found.path.read_text("utf-8-sig").split()[0]) == (3, "Название")
    with crm.reading(make_user(crm, "other")) as session, pytest.raises(NotFound):
        export_file(session, job_id)
    with crm.reading(replace(boss, grants={})) as session, pytest.raises(NotAllowed):
        export_file(session, job_id)


def test_an_export_stands_in_the_audit_with_filter_and_count(crm: Crm, boss: Principal, work_off: WorkOff) -> None:
    make_accounts(crm, 2, city="Казань")
    asked(crm, boss, jobs.ask_export, "core.account", [("city", "Казань")], "xlsx")
    work_off()
    table = Audit.__table__
    with crm.reading(boss) as session:
        (line,) = session.execute(select(table).where(table.c.action == "exported")).mappings()
    assert (line["actor_id"], line["origin"], line["record_id"]) == (boss.id, "ui", None)
    assert line["changes"]["rows"] == 2
    assert line["changes"]["view"] == [["city", "Казань"]]


def test_files_go_when_nobody_needs_them_any_more(crm: Crm, boss: Principal, work_off: WorkOff) -> None:
    make_accounts(crm, 1)
    job_id = asked(crm, boss, jobs.ask_export, "core.account", [], "csv")
    work_off()
    batch = opened(crm, boss, GOOD)
    export, upload = export_path(crm, job_id, "csv"), batches.file_of(crm, batch)
    stray = upload.with_name("0" * 64)
    stray.write_bytes(b"x")
    long_ago = time.time() - 40 * 86400
    for path in (upload, stray):
        os.utime(path, (long_ago, long_ago))
    with crm.reading(boss) as session:
        assert remove_old_files(crm, session) == 1
        assert (export.exists(), upload.exists(), stray.exists()) == (True, True, False)
        os.utime(export, (long_ago, long_ago))
        assert remove_old_files(crm, session) == 1
    assert not export.exists()


def test_some_records_are_changed_at_once_and_can_be_undone(crm: Crm, boss: Principal) -> None:
    ids = make_accounts(crm, 3, city="Омск")
    with crm.writing(boss) as session:
        batch_id = bulk.change_at_once(session, "core.account", {"city": "Тверь", "tags": ["vip"]}, ids)
        bulk.change_at_once(session, "core.account", {"tags": "VIP, new"}, ids[:1])
    with crm.reading(boss) as session:
        tags = batches.batch_of(session, batch_id)["counts"]
    assert tags == {"rows": 3, "updated": 3}
    with crm.writing(boss) as session:
        done = jobs.undo_at_once(session, batch_id)
    assert (done["restored"], done["kept"]) == (2, 1)


def test_changing_at_once_is_all_or_nothing(crm: Crm, boss: Principal) -> None:
    ids = make_accounts(crm, 2)
    with pytest.raises(NotFound), crm.writing(boss) as session:
        bulk.change_at_once(session, "core.account", {"city": "Тверь"}, [*ids, new_id()])
    with pytest.raises(Invalid), crm.writing(boss) as session:
        bulk.change_at_once(session, "core.account", {"employees": "many"}, ids)
    with crm.reading(boss) as session:
        assert not session.scalar(select(func.count()).select_from(ImportEffect.__table__))


def test_many_records_are_changed_by_a_job_with_a_reason(crm: Crm, boss: Principal, work_off: WorkOff) -> None:
    make_accounts(crm, 5, city="Омск")
    with crm.writing(boss) as session:
        batch_id = bulk.ask_bulk(
            session, "core.account", {"owner_id": boss.user_id}, view=[("city", "Омск")], reason="new town"
        )
    work_off()
    with crm.reading(boss) as session:
        batch = batches.batch_of(session, batch_id)
        owned = session.scalar(
            select(func.count()).select_from(Account.__table__).where(Account.__table__.c.owner_id == boss.user_id)
        )
    assert (batch["state"], batch["counts"], owned) == ("done", {"rows": 5, "updated": 5}, 5)


def test_the_board_tells_own_jobs_from_everybodys(crm: Crm, boss: Principal, work_off: WorkOff) -> None:
    anna = replace(make_user(crm, "anna"), permissions=frozenset({"core.import"}))
    asked(crm, boss, jobs.ask_check, opened(crm, boss, GOOD)["id"])
    with crm.reading(anna) as session:
        assert numbers(session, everybody=True) == {"running": 0, "waiting": 0, "failed": 0, "done": 0}
    with crm.reading(boss) as session:
        assert numbers(session, everybody=True)["waiting"] == 1
        (job,) = jobs_in(session, "waiting", everybody=False)
    assert (job["kind"], job["who"]) == ("core.import_check", "Boss")


def test_a_dead_job_is_tried_again_and_no_other(crm: Crm, boss: Principal, work_off: WorkOff) -> None:
    batch = opened(crm, boss, GOOD)
    job_id = asked(crm, boss, jobs.ask_run, batch["id"])
    with pytest.raises(NotFound):
        asked(crm, boss, revive, job_id)
    file = batches.file_of(crm, batch)
    file.rename(file.with_suffix(".away"))
    with crm.writing(boss) as session:
        session.execute(update(JobRow.__table__).values(max_attempts=1))
    work_off()
    file.with_suffix(".away").rename(file)
    with crm.reading(boss) as session:
        assert "FileNotFoundError" in jobs_in(session, "failed", everybody=True)[0]["error"]
    asked(crm, boss, revive, job_id)
    work_off()
    assert (state(crm, boss, batch), accounts(crm)) == ("done", 2)
