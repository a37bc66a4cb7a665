"""Imports: the dry run is the run, undo leaves nothing, and no row disappears in silence."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from crm_core.access.principal import Principal
from crm_core.entity.query import query
from crm_core.entity.record import whole
from crm_core.entity.schema import load_input
from crm_core.entity.view import View, parse_view
from crm_core.entity.write import create, update
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.model import Account, Contact, ContactPoint, History, HistoryLink, ImportEffect, SearchRow
from crm_core.runtime import Crm
from crm_core.service import history
from crm_core.service.transfer import batch as batches
from crm_core.service.transfer.draft import open_drafts
from crm_core.service.transfer.plan import Plan
from crm_core.service.transfer.undo import Undone, effects_after, undo_chunk
from crm_core.testing.factories import make_user

DATA = Path(__file__).parents[4] / ".." / "shared" / "data"
MAIN = (Account, Contact, ContactPoint, SearchRow, History, HistoryLink)


def opened(crm: Crm, actor: Principal, entity: str, content: bytes, **plan: Any) -> dict[str, Any]:
    with crm.writing(actor) as session:
        batch = batches.open_batch(session, entity, io.BytesIO(content), "clients.csv")
        return batches.configure(session, batch["id"], plan=plan) if plan else batch


def ran(crm: Crm, actor: Principal, batch: dict[str, Any]) -> dict[str, int]:
    entity, plan = crm.entities[batch["entity"]], Plan.from_json(batch["plan"])
    drafts = open_drafts(crm, entity, plan, batches.file_of(crm, batch), zone="UTC")
    counts: dict[str, int] = {}
    for chunk in batches.chunks(drafts, 0):
        with crm.writing(actor, origin="import") as session:
            batches.add_counts(counts, batches.run_chunk(session, batch, plan, chunk))
    return counts


def undone(crm: Crm, actor: Principal, batch: dict[str, Any]) -> Undone:
    total, place = Undone(), None
    while True:
        with crm.writing(actor, origin="import") as session:
            effects = effects_after(session, batch["id"], place)
            if not effects:
                return total
            part = undo_chunk(session, batch["id"], effects)
        place = (effects[-1]["row_no"], effects[-1]["entity"])
        total.removed += part.removed
        total.trashed += part.trashed
        total.restored += part.restored
        total.kept += part.kept


def numbers(crm: Crm, actor: Principal) -> dict[str, int]:
    with crm.reading(actor) as session:
        return {
            m.__tablename__: int(session.execute(select(func.count()).select_from(m.__table__)).scalar_one())
            for m in MAIN
        }


def text(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join(lines).encode(encoding)


def test_a_client_list_in_cp1251_comes_in_as_it_is(crm: Crm, actor: Principal) -> None:
    content = text(
        "Фамилия;Имя;Отчество;Телефон;E-mail;Компания;Дата рождения",
        "Соловьёв;Пётр;Ильич;8 (903) 111-22-33;petr@elki.example;Ёлки;05.03.1980",
        encoding="cp1251",
    )
    batch = opened(crm, actor, "core.contact", content)
    assert ran(crm, actor, batch) == {"rows": 1, "created": 1, "updated": 0, "skipped": 0, "error": 0}
    with crm.reading(actor) as session:
        entity = crm.entities["core.contact"]
        (row,) = query(session, entity, View(q="соловьев")).rows
        stored = whole(session, entity, row["id"])
    assert stored["name"] == "Соловьёв Пётр Ильич"
    assert (stored["phone"], stored["email"], stored["account"]) == ("+79031112233", "petr@elki.example", "Ёлки")
    assert str(stored["birthday"]) == "1980-03-05"


def test_bad_rows_are_named_and_good_ones_come_in(crm: Crm, actor: Principal) -> None:
    content = text(
        "Last name,Email,Birthday",
        "Good,good@x.example,1980-01-02",
        "Bad,nobody,1980-01-02",
        "Worse,worse@x.example,the 40th",
        ",,",
    )
    batch = opened(crm, actor, "core.contact", content)
    dry = batches.dry_run(crm, actor, batch)
    assert dry["counts"] == ran(crm, actor, batch)
    assert (dry["counts"]["created"], dry["counts"]["error"]) == (1, 2)
    assert [(problem["row"], problem["problems"][0]["field"]) for problem in dry["problems"]] == [
        (2, "emails.0.value"),
        (3, "birthday"),
    ]


def test_a_phone_that_cannot_be_dialled_is_kept_and_marked(crm: Crm, actor: Principal) -> None:
    batch = opened(crm, actor, "core.contact", text("Last name,Phone", "Oddphone,ask the desk"))
    assert ran(crm, actor, batch)["created"] == 1
    with crm.reading(actor) as session:
        point = session.execute(select(ContactPoint.__table__)).mappings().one()
    assert (point["value"], point["invalid"]) == ("ask the desk", True)


def test_the_same_file_again_changes_nothing(crm: Crm, actor: Principal) -> None:
    content = text("Name,City,Phone", "Firm A,Tver,+79031112233", "Firm B,Perm,+79031112244")
    ran(crm, actor, opened(crm, actor, "core.account", content))
    before = numbers(crm, actor)
    assert ran(crm, actor, opened(crm, actor, "core.account", content)) == {
        "rows": 2,
        "created": 0,
        "updated": 0,
        "skipped": 2,
        "error": 0,
    }
    assert numbers(crm, actor) == before


def test_an_update_adds_and_never_empties(crm: Crm, actor: Principal) -> None:
    entity = crm.entities["core.account"]
    with crm.writing(actor) as session:
        key = create(
            session, entity, [load_input(session, entity, {"name": "Firm", "city": "Tver", "phones": ["+79031112233"]})]
        )[0]["id"]
    batch = opened(
        crm, actor, "core.account", text("Name,City,Phone,Industry", "Firm,,+79034445566,Retail"), keys=["name"]
    )
    assert ran(crm, actor, batch)["updated"] == 1
    with crm.reading(actor) as session:
        stored = whole(session, entity, key)
    assert (stored["city"], stored["industry"]) == ("Tver", "Retail")
    assert [item["norm"] for item in stored["phones"]] == ["+79031112233", "+79034445566"]
    assert undone(crm, actor, batch).restored == 1
    with crm.reading(actor) as session:
        stored = whole(session, entity, key)
    assert stored["industry"] is None
    assert [item["norm"] for item in stored["phones"]] == ["+79031112233"]


def test_undo_leaves_nothing_of_an_import(crm: Crm, actor: Principal) -> None:
    before = numbers(crm, actor)
    batch = opened(
        crm, actor, "core.contact", text("Last name,Company,Phone", "One,Firm,+79031112233", "Two,Firm,+79031112244")
    )
    ran(crm, actor, batch)
    assert numbers(crm, actor)["core_account"] == 1
    assert undone(crm, actor, batch).removed == 3
    assert numbers(crm, actor) == before


def test_undo_keeps_what_people_touched_since(crm: Crm, actor: Principal) -> None:
    batch = opened(crm, actor, "core.contact", text("Last name", "Edited", "Called", "Untouched"))
    ran(crm, actor, batch)
    entity = crm.entities["core.contact"]
    with crm.reading(actor) as session:
        ids = {row["name"]: row["id"] for row in query(session, entity, View()).rows}
    with crm.writing(actor) as session:
        update(session, entity, {ids["Edited"]: {"position": "Buyer"}})
        history.log(session, entity="core.contact", record_id=ids["Called"], kind="core.call", body="Spoke")
    total = undone(crm, actor, batch)
    assert (total.removed, total.trashed, total.kept) == (1, 1, [ids["Edited"]])


def test_a_parent_in_the_same_file_is_linked(crm: Crm, actor: Principal) -> None:
    batch = opened(
        crm, actor, "core.account", text("Account,Subsidiary of", "Child,Parent", "Parent,", "Orphan,Nobody")
    )
    assert ran(crm, actor, batch)["created"] == 3
    with crm.reading(actor) as session:
        rows = {
            row["name"]: row
            for row in query(session, crm.entities["core.account"], View(columns=("name", "parent_id"))).rows
        }
        effects = (
            session.execute(select(ImportEffect.__table__.c.problems).order_by(ImportEffect.__table__.c.row_no))
            .scalars()
            .all()
        )
    assert rows["Child"]["parent"] == "Parent"
    assert rows["Orphan"]["parent"] is None
    assert [bool(effect) for effect in effects] == [False, False, True]


def test_vcards_come_in_one_by_one(crm: Crm, actor: Principal) -> None:
    printable = "=D0=98=D0=B2=D0=B0=D0=BD=D0=BE=D0=B2;=D0=98=D0=B2=D0=B0=D0=BD"
    cards = text(
        "BEGIN:VCARD",
        "VERSION:3.0",
        "N:Кузнецова;Анна;Олеговна;;",
        "FN:Анна Кузнецова",
        "ORG:Ромашка",
        "TEL;TYPE=CELL:+7 903 111-22-33",
        "EMAIL:anna@r.example",
        "END:VCARD",
        "BEGIN:VCARD",
        "VERSION:3.0",
        "N:;;;;",
        "END:VCARD",
        "BEGIN:VCARD",
        "VERSION:2.1",
        f"N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{printable}",
        "END:VCARD",
        "",
    )
    batch = opened(crm, actor, "core.contact", cards)
    counts = ran(crm, actor, batch)
    assert (counts["created"], counts["error"]) == (2, 1)
    with crm.reading(actor) as session:
        found = [row["name"] for row in query(session, crm.entities["core.contact"], View()).rows]
    assert found == ["Иванов Иван", "Кузнецова Анна Олеговна"]


def test_a_file_that_is_no_table_is_refused_with_a_reason(crm: Crm, actor: Principal) -> None:
    with pytest.raises(Invalid):
        opened(crm, actor, "core.contact", b"%PDF-1.7\n" + bytes(range(256)) * 8)


def test_any_name_of_a_file_is_kept_as_far_as_it_can_be(crm: Crm, actor: Principal) -> None:
    with crm.writing(actor) as session:
        stream = io.BytesIO(text("Last name", "One"))
        batch = batches.open_batch(session, "core.contact", stream, "cli\x00ents\ud800.csv")
    assert batch["file_name"] == "clients.csv"


def test_a_plan_that_cannot_be_done_is_refused(crm: Crm, actor: Principal) -> None:
    content = text("Last name", "One")
    plans: tuple[dict[str, Any], ...] = (
        {"columns": [{"column": 0, "target": "password"}]},
        {"keys": ["shoe size"]},
        {"on_match": "guess"},
        {"columns": []},
    )
    for plan in plans:
        with pytest.raises(Invalid):
            opened(crm, actor, "core.contact", content, **plan)


def test_the_batch_of_somebody_else_does_not_exist(crm: Crm, actor: Principal) -> None:
    from dataclasses import replace

    batch = opened(crm, actor, "core.contact", text("Last name", "One"))
    stranger = replace(make_user(crm, "stranger"), permissions=frozenset())
    with crm.reading(stranger) as session, pytest.raises(NotFound):
        batches.batch_of(session, batch["id"])


def test_a_batch_that_was_run_cannot_be_changed(crm: Crm, actor: Principal) -> None:
    batch = opened(crm, actor, "core.contact", text("Last name", "One"))
    with crm.writing(actor) as session:
        batches.set_state(session, batch["id"], "done")
    with crm.writing(actor) as session, pytest.raises(Conflict):
        batches.configure(session, batch["id"], plan={"on_match": "skip"})


CELLS = {
    "last": st.sampled_from(["Иванов", "Иванова", "Smith", "", "  "]),
    "email": st.sampled_from(["a@x.example", "b@x.example", "A@X.example", "", "bad"]),
    "phone": st.sampled_from(["+79031112233", "8 903 111-22-33", "+79034445566", "", "desk"]),
}
ROWS = st.lists(st.tuples(*CELLS.values()), min_size=1, max_size=14)


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    stored=ROWS, rows=ROWS, on_match=st.sampled_from(["update", "skip", "create"]), chunk=st.sampled_from([2, 5, 2000])
)
def test_the_dry_run_is_the_run(
    crm: Crm,
    actor: Principal,
    monkeypatch: pytest.MonkeyPatch,
    stored: list[Any],
    rows: list[Any],
    on_match: str,
    chunk: int,
) -> None:
    monkeypatch.setattr(batches, "CHUNK", chunk)
    columns = [
        {"column": 0, "target": "last_name"},
        {"column": 1, "target": "emails"},
        {"column": 2, "target": "phones"},
    ]
    plans: list[tuple[list[Any], dict[str, Any]]] = [
        (stored, {"keys": []}),
        (rows, {"keys": ["email", "phone"], "on_match": on_match}),
    ]
    done = []
    for lines, plan in plans:
        content = text("last;email;phone", *(";".join(line) for line in lines))
        batch = opened(crm, actor, "core.contact", content, columns=columns, **plan)
        dry = batches.dry_run(crm, actor, batch)["counts"]
        assert dry == ran(crm, actor, batch)
        done.append(batch)
    for batch in reversed(done):
        undone(crm, actor, batch)
    with crm.reading(actor) as session:
        entity = crm.entities["core.contact"]
        assert query(session, entity, parse_view(entity, [])).rows == []


@pytest.mark.skipif(not DATA.exists(), reason="the shared data is not here")
@pytest.mark.parametrize(
    ("entity", "name", "least"),
    [
        ("core.account", "maven_crm_sales/accounts.csv", 85),
        ("core.contact", "russian_csv_encodings/people_cases.cp1251_semicolon.csv", 16),
        ("core.account", "salesforce_dataloader/samples/data/accountData.csv", 400),
    ],
)
def test_real_files_come_in_and_go_without_a_trace(
    crm: Crm, actor: Principal, entity: str, name: str, least: int
) -> None:
    before = numbers(crm, actor)
    batch = opened(crm, actor, entity, (DATA / name).read_bytes())
    dry = batches.dry_run(crm, actor, batch)["counts"]
    counts = ran(crm, actor, batch)
    assert dry == counts
    assert counts["created"] >= least
    undone(crm, actor, batch)
    assert numbers(crm, actor) == before


@pytest.mark.skipif(not DATA.exists(), reason="the shared data is not here")
def test_every_real_vcard_comes_in_or_is_named(crm: Crm, actor: Principal) -> None:
    for path in sorted((DATA / "vcards").glob("*/*.vcf")):
        try:
            batch = opened(crm, actor, "core.contact", path.read_bytes())
        except Invalid:
            continue
        if batch["plan"]["format"] != "vcard":
            continue
        dry = batches.dry_run(crm, actor, batch)
        counts = ran(crm, actor, batch)
        assert dry["counts"] == counts
        assert counts["rows"] == counts["created"] + counts["updated"] + counts["skipped"] + counts["error"] > 0
