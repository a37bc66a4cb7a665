"""Many records at once: ticked ones, or all that the filter finds; and the trash that takes it back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import func, select

from crm_core.model import Account
from crm_core.runtime import Crm
from crm_core.testing.factories import make_accounts, make_user

from .conftest import Browser, SignIn, WorkOff

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TABLE = Account.__table__


def count(crm: Crm, *conditions: Any) -> int:
    """How many live accounts meet the conditions."""
    with crm.database.read.connect() as connection:
        statement = select(func.count()).select_from(TABLE).where(TABLE.c.deleted_at.is_(None), *conditions)
        return connection.scalar(statement) or 0


def test_ticked_records_get_a_new_owner(crm: Crm, browser: Browser) -> None:
    ids = make_accounts(crm, 5)
    boris = make_user(crm, "boris").user_id
    dialog = browser.get(f"/accounts/bulk/assign?ids={ids[0]}&ids={ids[1]}", htmx=True)
    assert "2 records" in dialog.text
    answer = browser.post("/accounts/bulk/assign", {"ids": ids[:2], "owner_id": boris, "reason": "holidays"})
    assert answer.status == 303
    page = browser.follow(answer)
    assert "2 records were changed" in page.text
    assert count(crm, TABLE.c.owner_id == boris) == 2
    (undo,) = re.findall(r'data-undo="(/accounts/undo/[^"]*)"', page.html)
    assert "2 records are as they were" in browser.follow(browser.post(undo)).text
    assert count(crm, TABLE.c.owner_id == boris) == 0


def test_all_by_filter_means_the_filter_and_not_the_page(crm: Crm, browser: Browser) -> None:
    make_accounts(crm, 70, city="Казань")
    make_accounts(crm, 5, city="Пермь")
    answer = browser.post(
        "/accounts/bulk/set", {"all": "1", "filter": "city=Казань", "_field": "category", "category": "dormant"}
    )
    assert answer.headers["Location"] == "/accounts?city=%D0%9A%D0%B0%D0%B7%D0%B0%D0%BD%D1%8C"
    assert count(crm, TABLE.c.category == "dormant") == 70


def test_very_many_records_are_changed_in_the_background(crm: Crm, browser: Browser, work_off: WorkOff) -> None:
    make_accounts(crm, 1_001)
    form = {"all": "1", "filter": "", "_field": "category", "category": "dormant"}
    answer = browser.post("/accounts/bulk/set", form)
    assert "Records are being written" in browser.follow(answer).text
    assert count(crm, TABLE.c.category == "dormant") == 0
    work_off()
    assert "Changed 1,001" in browser.follow(answer).text
    assert count(crm, TABLE.c.category == "dormant") == 1_001
    browser.post(f"{answer.headers['Location']}/undo")
    work_off()
    assert "1001 are as they were before" in browser.follow(answer).text
    assert count(crm, TABLE.c.category == "dormant") == 0


def test_a_field_is_chosen_first_and_then_its_value(crm: Crm, browser: Browser) -> None:
    (one,) = make_accounts(crm, 1)
    assert "Category" in browser.get(f"/accounts/bulk/set?ids={one}", htmx=True).text
    assert "Former customer" in browser.get(f"/accounts/bulk/set?ids={one}&_field=category", htmx=True).text


def test_a_value_that_does_not_fit_changes_nothing(crm: Crm, browser: Browser) -> None:
    ids = make_accounts(crm, 2)
    page = browser.post("/accounts/bulk/set", {"ids": ids, "_field": "employees", "employees": "many"}, htmx=True)
    assert page.status == 422
    assert "Give a whole number" in page.text
    assert [i for i in ids if f'value="{i}"' in page.html] == ids
    assert count(crm, TABLE.c.employees.is_not(None)) == 0


def test_tags_are_added_to_those_that_are_there(crm: Crm, browser: Browser) -> None:
    path = browser.post("/accounts/new", {"name": "Ромашка", "shown.tags": "1", "tags": "vip"}).headers["Location"]
    browser.post("/accounts/bulk/tag", {"ids": [path.rsplit("/", 1)[1]], "tags": "Lamps, VIP"})
    text = browser.get(path).text.lower()
    assert "lamps" in text
    assert text.count("vip") == 1


def test_trashed_records_come_back_by_one_click(crm: Crm, browser: Browser) -> None:
    ids = make_accounts(crm, 3)
    page = browser.follow(browser.post("/accounts/bulk/trash", {"ids": ids[:2]}))
    assert count(crm) == 1
    (undo,) = re.findall(r'data-undo="(/accounts/restore/[^"]*)"', page.html)
    back = browser.post(undo, htmx=True)
    assert back.headers["HX-Redirect"] == "/accounts"
    assert count(crm) == 3


def test_one_record_goes_to_the_trash_from_its_card(crm: Crm, browser: Browser) -> None:
    (one,) = make_accounts(crm, 1)
    assert browser.post(f"/accounts/{one}/trash", {"version": "1"}).headers["Location"] == "/accounts"
    assert browser.get(f"/accounts/{one}").status == 404
    trash = browser.get("/accounts/trash")
    assert "Account 1" in trash.text
    (mark,) = re.findall(r'action="(/accounts/restore/[^"]*)"', trash.html)
    assert browser.post(mark).headers["Location"] == f"/accounts/{one}"


def test_a_record_that_changed_meanwhile_is_not_trashed(crm: Crm, browser: Browser) -> None:
    (one,) = make_accounts(crm, 1, version=4)
    assert browser.post(f"/accounts/{one}/trash", {"version": "3"}).status == 409
    assert count(crm) == 1


def test_nothing_selected_is_said(browser: Browser) -> None:
    assert "Nothing is selected" in browser.get("/accounts/bulk/assign").text
    assert browser.post("/accounts/bulk/assign", {"owner_id": ""}).status == 422


def test_a_selection_with_a_foreign_record_changes_nothing(crm: Crm, sign_in: SignIn) -> None:
    rights = {("*", "view"): "all", ("*", "edit"): "own", ("*", "assign"): "own"}
    boris = sign_in("boris", rights=rights, permissions=())
    mine = make_accounts(crm, 1, owner_id=boris.user_id)
    foreign = make_accounts(crm, 1)
    answer = boris.post("/accounts/bulk/set", {"ids": mine + foreign, "_field": "category", "category": "former"})
    assert answer.status == 404
    assert count(crm, TABLE.c.category == "former") == 0


def test_an_action_without_the_right_is_refused(crm: Crm, sign_in: SignIn) -> None:
    reader = sign_in("rita", rights={("*", "view"): "all"}, permissions=())
    ids = make_accounts(crm, 1)
    for action, form in {"assign": {"owner_id": ""}, "trash": {}, "tag": {"tags": "x"}}.items():
        assert reader.post(f"/accounts/bulk/{action}", {"ids": ids, **form}).status in {403, 404}
    assert reader.get("/accounts/trash").status == 403
    assert count(crm) == 1


def test_an_unknown_action_does_not_exist(browser: Browser) -> None:
    assert browser.get("/accounts/bulk/explode?ids=x").status == 404
