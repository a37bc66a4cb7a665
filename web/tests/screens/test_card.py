"""The card of a record: facts, how to reach, timeline, composer, neighbours, blocks of modules."""

from __future__ import annotations

import re
from typing import Any

import pytest

from crm_core.db.base import new_id
from crm_core.runtime import Crm
from crm_core.testing.factories import make_accounts, make_contacts

from .conftest import Browser, SignIn

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def account(crm: Crm, browser: Browser) -> str:
    """The path of an account that was entered by hand."""
    answer = browser.post(
        "/accounts/new",
        {
            "name": "ООО «Ромашка»",
            "inn": "7707083893",
            "website": "https://romashka.example",
            "revenue": "1 234 567,50",
            "revenue_currency": "RUB",
            "shown.phones": "1",
            "phones.0.value": "8 903 236-55-44",
            "phones.0.label": "work",
            "shown.emails": "1",
            "emails.0.value": "Info@Romashka.example",
            "shown.tags": "1",
            "tags": "vip, lamps",
        },
    )
    assert answer.status == 303, answer.text
    return answer.headers["Location"]


def test_a_card_shows_facts_and_how_to_reach(browser: Browser, account: str) -> None:
    page = browser.get(account)
    assert "+7 903 236-55-44" in page.text
    assert "tel:+79032365544" in page.links()
    assert "mailto:info@romashka.example" in page.links()
    assert "https://romashka.example" in page.links()
    assert "₽1,234,567.50" in page.text
    assert "vip" in page.text
    assert "7707083893" in page.text


def test_a_card_of_nobody_and_of_somebody_else_look_the_same(crm: Crm, sign_in: SignIn) -> None:
    boris = sign_in("boris", rights={("core.account", "view"): "own"}, permissions=())
    (foreign,) = make_accounts(crm, 1)
    absent, hidden = boris.get(f"/accounts/{new_id()}"), boris.get(f"/accounts/{foreign}")
    assert absent.status == hidden.status == 404
    assert re.sub(r"\w{16,}", "", absent.text) == re.sub(r"\w{16,}", "", hidden.text)


def test_a_call_is_written_down_and_stands_on_the_timeline(browser: Browser, account: str) -> None:
    answer = browser.post(
        f"{account}/timeline",
        {
            "kind": "core.call",
            "body": "Wants the price list",
            "direction": "out",
            "outcome.core.call": "reached",
            "minutes": "4",
        },
    )
    assert answer.headers["Location"] == account
    page = browser.follow(answer)
    assert "Wants the price list" in page.text
    assert "Call, outgoing" in page.text
    assert "Reached" in page.text
    assert "4 min" in page.text


def test_an_entry_that_cannot_be_saved_keeps_what_was_typed(browser: Browser, account: str) -> None:
    page = browser.post(
        f"{account}/timeline", {"kind": "core.note", "body": "Lunch", "occurred_at": "2999-01-01T10:00"}
    )
    assert page.status == 422
    assert "This has not happened yet" in page.text
    assert page.value("body") == "Lunch"


def test_the_moment_of_an_entry_is_read_in_the_zone_of_the_writer(browser: Browser, account: str) -> None:
    browser.post(f"{account}/timeline", {"kind": "core.note", "body": "Early", "occurred_at": "2026-03-01T00:30"})
    page = browser.get(account)
    assert "1 Mar 2026, 00:30" in page.html
    assert "2026-02-28T21:30:00+00:00" in page.html


def test_the_timeline_is_filtered_by_kind_and_read_page_by_page(browser: Browser, account: str) -> None:
    for number in range(35):
        browser.post(f"{account}/timeline", {"kind": "core.note", "body": f"Note {number:02}"})
    browser.post(f"{account}/timeline", {"kind": "core.call", "direction": "out", "body": "The only call"})
    page = browser.get(account)
    (more,) = page.links(f"{account}/timeline?before=")
    rest = browser.get(more, htmx=True)
    assert "Note 00" in rest.text
    assert "Note 00" not in page.text
    calls = browser.get(f"{account}?kind=core.call")
    assert "The only call" in calls.text
    assert "Note 34" not in calls.text


def test_people_of_an_account_stand_on_its_card(crm: Crm, browser: Browser, account: str) -> None:
    make_contacts(crm, 2, account_id=account.rsplit("/", 1)[1], position="Buyer")
    page = browser.get(account)
    assert "Contact 1" in page.text
    assert "Buyer" in page.text
    assert any(url.startswith("/contacts/new?account_id=") for url in page.links())


def test_the_way_to_the_neighbours_keeps_the_filter(crm: Crm, browser: Browser) -> None:
    ids = make_accounts(crm, 3, city="Казань")
    make_accounts(crm, 3, city="Пермь")
    page = browser.get(f"/accounts/{ids[1]}", headers={"Referer": "http://localhost/accounts?city=Казань&sort=-name"})
    following = [url for url in page.links("/accounts/") if "list=" in url]
    assert [url.split("?")[0].rsplit("/", 1)[1] for url in following] == [ids[2], ids[0]]
    last = browser.get(following[1])
    assert [url for url in last.links("/accounts/") if "list=" in url and ids[1] in url]


def test_without_a_list_behind_there_are_no_neighbours(crm: Crm, browser: Browser) -> None:
    ids = make_accounts(crm, 3)
    page = browser.get(f"/accounts/{ids[1]}", headers={"Referer": "http://evil.example/accounts"})
    assert "data-next" not in page.html


def test_one_fact_is_changed_in_place(browser: Browser, account: str) -> None:
    form = browser.get(f"{account}/facts/city?edit", htmx=True)
    assert "<html" not in form.html
    done = browser.post(f"{account}/facts/city", {"version": form.value("version"), "city": "Казань"}, htmx=True)
    assert done.status == 200
    assert done.text == "Казань Edit City"
    assert "Казань" in browser.get(account).text


def test_a_wrong_fact_comes_back_with_its_error(browser: Browser, account: str) -> None:
    page = browser.post(f"{account}/facts/inn", {"inn": "123"}, htmx=True)
    assert page.status == 422
    assert page.value("inn") == "123"
    assert "This INN is not valid" in page.text


def test_a_fact_that_somebody_else_changed_is_not_overwritten_unseen(browser: Browser, account: str) -> None:
    version = browser.get(f"{account}/facts/city?edit").value("version")
    browser.post(f"{account}/facts/city", {"version": version, "city": "Пермь"})
    page = browser.post(f"{account}/facts/city", {"version": version, "city": "Казань"}, htmx=True)
    assert page.status == 409
    assert page.value("city") == "Казань"
    assert "Stored by now: Пермь" in page.text
    again = browser.post(f"{account}/facts/city", {"version": page.value("version"), "city": "Казань"}, htmx=True)
    assert again.status == 200


def test_a_field_that_is_not_editable_has_no_form(browser: Browser, account: str) -> None:
    assert browser.get(f"{account}/facts/phone?edit").status == 404
    assert browser.post(f"{account}/facts/version", {"version": "9"}).status == 404


def test_a_reader_gets_no_way_to_edit(crm: Crm, sign_in: SignIn) -> None:
    (record,) = make_accounts(crm, 1)
    reader = sign_in("rita", rights={("*", "view"): "all"}, permissions=())
    page = reader.get(f"/accounts/{record}")
    assert page.status == 200
    assert f"/accounts/{record}/edit" not in page.links()
    assert "?edit" not in page.html
    assert reader.post(f"/accounts/{record}/facts/city", {"city": "X"}).status == 403


def test_a_card_stays_small(browser: Browser, account: str, count_statements: Any) -> None:
    for number in range(40):
        browser.post(f"{account}/timeline", {"kind": "core.call", "body": f"Call {number}", "direction": "in"})
    browser.get(account)
    with count_statements() as seen:
        page = browser.get(account)
    assert len(page.html.encode()) <= 60_000
    assert len(seen) <= 9, list(seen)
