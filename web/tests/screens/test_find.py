"""Finding: choices for references, the palette, the page of results, adding a client from one line."""

from __future__ import annotations

import pytest

from crm_core.runtime import Crm
from crm_core.testing.factories import make_accounts, make_user

from .conftest import Browser, SignIn

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def clients(browser: Browser) -> Browser:
    """A few clients, entered as people enter them."""
    browser.post(
        "/quick-add", {"kind": "account", "name": "ООО «Ромашка»", "line": "8 495 123-45-67, info@romashka.example"}
    )
    browser.post("/quick-add", {"kind": "contact", "name": "Королёв Пётр", "line": "+7 903 236-55-44, ООО «Ромашка»"})
    return browser


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("короле", "Королёв Пётр"),
        ("rjhjk", "Королёв Пётр"),
        ("89032365544", "Королёв Пётр"),
        ("РОМАШ", "ООО «Ромашка»"),
    ],
)
def test_the_palette_finds_records_however_they_are_typed(clients: Browser, typed: str, found: str) -> None:
    page = clients.get(f"/palette?q={typed}", htmx=True)
    assert found in page.text
    assert "<html" not in page.html


def test_the_palette_offers_commands_and_pages_in_either_layout(browser: Browser) -> None:
    assert "/modules" in browser.get("/palette?q=modul").links()
    assert "/modules" in browser.get("/palette?q=ьщвгд").links()
    assert "/accounts/new" in browser.get("/palette?q=new acc").links()


def test_the_palette_offers_only_what_one_may_do(sign_in: SignIn) -> None:
    reader = sign_in("rita", rights={("core.account", "view"): "all"}, permissions=())
    links = reader.get("/palette").links()
    assert "/accounts" in links
    assert not {"/modules", "/accounts/new", "/contacts"} & set(links)


def test_the_page_of_results_groups_by_kind(clients: Browser) -> None:
    clients.post("/quick-add", {"kind": "contact", "name": "Ромашкин Иван"})
    page = clients.get("/search?q=ромашк")
    assert "Accounts 1" in page.text
    assert "Contacts 1" in page.text
    assert "Nothing found" in clients.get("/search?q=qqqqq").text


def test_results_obey_the_rights(clients: Browser, sign_in: SignIn) -> None:
    boris = sign_in("boris", rights={("*", "view"): "own"}, permissions=())
    assert "Nothing found" in boris.get("/search?q=ромашка").text


def test_a_reference_offers_people_and_records(crm: Crm, browser: Browser) -> None:
    make_user(crm, "boris", name="Борис Орлов")
    browser.post("/accounts/new", {"name": "Ромашка"})
    people = browser.get("/find/core.user?owner_id_text=орл", htmx=True)
    assert "Борис Орлов" in people.text
    assert "Ромашка" in browser.get("/find/core.account?account_id_text=ромаш", htmx=True).text
    assert browser.get("/find/core.nothing?q=x").status == 404


def test_a_reference_offers_nothing_that_one_may_not_see(crm: Crm, sign_in: SignIn) -> None:
    make_accounts(crm, 3)
    boris = sign_in("boris", rights={("core.contact", "view"): "all"}, permissions=())
    assert boris.get("/find/core.account?q=account").status == 404


def test_a_person_with_a_new_company_is_added_from_one_line(browser: Browser) -> None:
    answer = browser.post(
        "/quick-add",
        {"kind": "contact", "name": "Иванова Анна Петровна", "line": "89032365544, ООО «Ромашка», a@b.example"},
    )
    card = browser.follow(answer)
    assert "Иванова Анна Петровна" in card.text
    assert "+7 903 236-55-44" in card.text
    assert "ООО «Ромашка»" in card.text


def test_a_known_company_is_used_again_whatever_its_legal_form(clients: Browser) -> None:
    clients.post("/quick-add", {"kind": "contact", "name": "Сидоров Иван", "line": "Ромашка"})
    assert "Accounts 1" in clients.get("/search?q=ромашка").text


def test_who_it_may_already_be_is_shown_while_typing(clients: Browser) -> None:
    page = clients.get("/quick-add/similar?kind=contact&name=Пётр&line=8 903 2365544", htmx=True)
    assert "Perhaps it is here already" in page.text
    assert "Королёв Пётр" in page.text
    assert "the same phone" in page.text


def test_nothing_but_blanks_is_refused_and_kept(browser: Browser) -> None:
    page = browser.post("/quick-add", {"kind": "contact", "name": "", "line": "ООО «Ромашка»"}, htmx=True)
    assert page.status == 422
    assert page.value("line") == "ООО «Ромашка»"
    assert "Give a name, a phone or an e-mail" in page.text
    assert "Nothing found" in browser.get("/search?q=ромашка").text


def test_a_company_is_not_added_without_the_right(sign_in: SignIn) -> None:
    boris = sign_in(
        "boris", rights={("core.contact", "create"): "own", ("core.contact", "view"): "own"}, permissions=()
    )
    answer = boris.post("/quick-add", {"kind": "contact", "name": "Иванов", "line": "Ромашка"})
    assert answer.status == 403
    assert boris.post("/quick-add", {"kind": "account", "name": "Ромашка"}).status == 403


def test_an_unknown_kind_does_not_exist(browser: Browser) -> None:
    assert browser.post("/quick-add", {"kind": "robot", "name": "X"}).status == 404
