"""The write path: everything that belongs to a write happens in one transaction, or nothing does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from crm_core.access.principal import ACTIONS, Principal
from crm_core.entity import trash
from crm_core.entity.query import fetch, query
from crm_core.entity.record import whole
from crm_core.entity.schema import load_input
from crm_core.entity.view import View
from crm_core.entity.write import assign, create, update
from crm_core.errors import Conflict, Invalid, NotAllowed, NotFound
from crm_core.model import Account, Affiliation, Assignment, Audit, Event, History, SearchRow
from crm_core.runtime import Crm
from crm_core.testing.factories import make_user


def made(crm: Crm, actor: Principal, entity: str, **data: Any) -> dict[str, Any]:
    with crm.writing(actor) as session:
        described = crm.entities[entity]
        return create(session, described, [load_input(session, described, data)])[0]


def changed(
    crm: Crm, actor: Principal, entity: str, key: str, version: int | None = None, **data: Any
) -> dict[str, Any]:
    with crm.writing(actor) as session:
        described = crm.entities[entity]
        loaded = load_input(session, described, data, partial=True)
        return update(session, described, {key: loaded}, versions=None if version is None else {key: version})[0]


def number(crm: Crm, actor: Principal, model: Any, *conditions: Any) -> int:
    with crm.reading(actor) as session:
        return int(session.execute(select(func.count()).select_from(model.__table__).where(*conditions)).scalar_one())


def test_a_new_account_has_its_points_and_leaves_a_trail(crm: Crm, actor: Principal) -> None:
    account = made(
        crm,
        actor,
        "core.account",
        name="ООО «Ёлка»",
        phones=["8 (903) 236-55-44"],
        emails=["INFO@Elka.example"],
        tags=["VIP", "vip"],
    )
    with crm.reading(actor) as session:
        stored = whole(session, crm.entities["core.account"], account["id"])
    assert (stored["phone"], stored["email"]) == ("+79032365544", "info@elka.example")
    assert stored["phones"][0]["value"] == "8 (903) 236-55-44"
    assert stored["tags"] == ["vip"] or stored["tags"] == ["VIP"]
    assert stored["owner"] == actor.name
    for model in (Audit, Event, History, SearchRow):
        assert number(crm, actor, model, model.__table__.c.record_id == account["id"]) == 1


def test_a_refused_write_leaves_nothing_behind(crm: Crm, actor: Principal) -> None:
    with pytest.raises(Invalid) as refused:
        made(
            crm,
            actor,
            "core.contact",
            last_name="Кот",
            account_id="0192f0c1-0000-7000-8000-000000000000",
            phones=["+7 903 1112233"],
        )
    assert [problem.field for problem in refused.value.problems] == ["account_id"]
    assert number(crm, actor, SearchRow) == 0
    assert number(crm, actor, Audit) == 0


def test_the_second_of_two_tabs_gets_the_conflict_with_what_is_stored(crm: Crm, actor: Principal) -> None:
    account = made(crm, actor, "core.account", name="First")
    changed(crm, actor, "core.account", account["id"], 1, city="Tver")
    with pytest.raises(Conflict) as conflict:
        changed(crm, actor, "core.account", account["id"], 1, city="Perm")
    assert conflict.value.current["city"] == "Tver"
    with crm.reading(actor) as session:
        assert fetch(session, crm.entities["core.account"], account["id"])["city"] == "Tver"


def test_a_change_that_changes_nothing_keeps_the_version(crm: Crm, actor: Principal) -> None:
    account = made(crm, actor, "core.account", name="Same", phones=["+79031112233"])
    row = changed(crm, actor, "core.account", account["id"], 1, name="Same", phones=["+79031112233"])
    assert row["version"] == 1
    assert number(crm, actor, Audit) == 1


def test_a_second_phone_makes_a_new_version(crm: Crm, actor: Principal) -> None:
    account = made(crm, actor, "core.account", name="Firm", phones=["+79031112233"])
    row = changed(crm, actor, "core.account", account["id"], 1, phones=["+79031112233", "+79034445566"])
    assert row["version"] == 2
    with pytest.raises(Conflict):
        changed(crm, actor, "core.account", account["id"], 1, phones=[])


def test_the_audit_holds_the_values_before_and_after(crm: Crm, actor: Principal) -> None:
    contact = made(crm, actor, "core.contact", last_name="Белова", first_name="Вера", phones=["+79031112233"])
    changed(crm, actor, "core.contact", contact["id"], last_name="Чернова", phones=["+79034445566"])
    with crm.reading(actor) as session:
        changes = session.execute(
            select(Audit.__table__.c.changes).where(Audit.__table__.c.action == "update")
        ).scalar_one()
    assert changes["last_name"] == ["Белова", "Чернова"]
    assert changes["phones"][0][0]["norm"] == "+79031112233"
    assert changes["phones"][1][0]["norm"] == "+79034445566"


def test_a_person_who_changes_the_company_keeps_the_old_affiliation_with_its_end(crm: Crm, actor: Principal) -> None:
    old, new = (made(crm, actor, "core.account", name=name)["id"] for name in ("Old firm", "New firm"))
    contact = made(crm, actor, "core.contact", last_name="Mover", account_id=old)
    changed(crm, actor, "core.contact", contact["id"], account_id=new, position="Buyer")
    with crm.reading(actor) as session:
        rows = (
            session.execute(select(Affiliation.__table__).where(Affiliation.__table__.c.contact_id == contact["id"]))
            .mappings()
            .all()
        )
    by_account = {row["account_id"]: row for row in rows}
    assert by_account[old]["until"] is not None
    assert by_account[new]["is_primary"]
    assert by_account[new]["until"] is None


def test_the_first_person_of_an_account_becomes_its_main_contact(crm: Crm, actor: Principal) -> None:
    account = made(crm, actor, "core.account", name="Firm")["id"]
    first = made(crm, actor, "core.contact", last_name="First", account_id=account)
    made(crm, actor, "core.contact", last_name="Second", account_id=account)
    with crm.reading(actor) as session:
        stored = fetch(session, crm.entities["core.account"], account)
    assert stored["primary_contact_id"] == first["id"]
    assert stored["primary_contact"] == "First"


def test_assignment_keeps_who_was_responsible_when(crm: Crm, actor: Principal) -> None:
    other = make_user(crm, "other")
    account = made(crm, actor, "core.account", name="Handed over")["id"]
    with crm.writing(actor) as session:
        assign(session, crm.entities["core.account"], [account], other.user_id, reason="holiday")
    with crm.reading(actor) as session:
        rows = session.execute(select(Assignment.__table__).order_by(Assignment.__table__.c.since)).mappings().all()
    assert [(row["owner_id"], row["until"] is None) for row in rows] == [(actor.user_id, False), (other.user_id, True)]
    assert rows[1]["reason"] == "holiday"


def test_somebody_without_the_right_changes_nothing_and_learns_nothing(crm: Crm, actor: Principal) -> None:
    account = made(crm, actor, "core.account", name="Secret")["id"]
    stranger = replace(
        make_user(crm, "stranger"),
        permissions=frozenset(),
        grants={("core.account", action): "own" for action in ACTIONS},
    )
    with pytest.raises(NotFound):
        changed(crm, stranger, "core.account", account, name="Mine")
    with crm.reading(stranger) as session, pytest.raises(NotFound):
        fetch(session, crm.entities["core.account"], account)
    with pytest.raises(NotAllowed):
        made(crm, stranger, "core.contact", last_name="Nobody")


def test_the_label_of_a_record_that_one_may_not_see_is_not_shown(crm: Crm, actor: Principal) -> None:
    account = made(crm, actor, "core.account", name="Hidden firm")["id"]
    contact = made(crm, actor, "core.contact", last_name="Visible", account_id=account)["id"]
    grants: Any = {("core.contact", "view"): "all", ("core.account", "view"): "own"}
    stranger = replace(make_user(crm, "stranger"), permissions=frozenset(), grants=grants)
    with crm.reading(stranger) as session:
        stored = fetch(session, crm.entities["core.contact"], contact)
    assert stored["name"] == "Visible"
    assert stored["account"] is None


def test_the_trash_hides_a_record_everywhere_and_gives_it_back(crm: Crm, actor: Principal) -> None:
    entity = crm.entities["core.contact"]
    contact = made(crm, actor, "core.contact", last_name="Пропажин", phones=["+79031112233"])["id"]
    with crm.writing(actor) as session:
        mark = trash.trash(session, entity, [contact])
    with crm.reading(actor) as session:
        assert query(session, entity, View()).rows == []
        assert query(session, entity, View(q="пропаж")).rows == []
        assert query(session, entity, View(q="8 903 111-22-33")).rows == []
    with crm.writing(actor) as session:
        assert trash.restore(session, entity, mark) == [contact]
    with crm.reading(actor) as session:
        assert [row["id"] for row in query(session, entity, View(q="пропаж")).rows] == [contact]


def test_a_thousand_records_take_as_many_statements_as_two(crm: Crm, actor: Principal, count_statements: Any) -> None:
    entity = crm.entities["core.account"]
    seen = []
    for size in (2, 1000):
        with crm.writing(actor) as session:
            rows = [
                load_input(session, entity, {"name": f"Firm {n}", "phones": [f"+7903{n:07d}"]}) for n in range(size)
            ]
            with count_statements() as statements:
                create(session, entity, rows)
            seen.append(len(statements))
    assert seen[0] == seen[1]
    assert number(crm, actor, Account) == 1002


def test_assigning_a_thousand_takes_few_statements(crm: Crm, actor: Principal, count_statements: Any) -> None:
    entity, other = crm.entities["core.account"], make_user(crm, "other")
    with crm.writing(actor) as session:
        ids = [row["id"] for row in create(session, entity, [{"name": f"Firm {n}"} for n in range(1000)])]
    with crm.writing(actor) as session, count_statements() as statements:
        assign(session, entity, ids, other.user_id)
    assert len(statements) <= 12
    assert number(crm, actor, Account, Account.__table__.c.owner_id == other.user_id) == 1000
