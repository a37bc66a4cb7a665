"""The first page: first steps, what one worked on, the demo firm that goes away."""

from __future__ import annotations

import pytest

from crm_core.access.principal import system
from crm_core.runtime import Crm
from crm_core.service.demo import make_demo

from .conftest import Browser, SignIn

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_a_new_installation_shows_at_most_five_first_steps(browser: Browser) -> None:
    page = browser.get("/")
    assert page.html.count('<li class=""') == 5
    assert "Say who you are" in page.text


def test_steps_that_were_taken_are_ticked(browser: Browser) -> None:
    answer = browser.post("/accounts/new", {"name": "Ромашка"})
    browser.post(f"{answer.headers['Location']}/timeline", {"kind": "core.call", "direction": "out", "body": "Hello"})
    assert browser.get("/").html.count('<li class="done"') == 2


def test_only_steps_that_one_may_take_are_offered(sign_in: SignIn) -> None:
    seller = sign_in("boris", rights={("*", "view"): "own", ("*", "create"): "own"}, permissions=())
    text = seller.get("/").text
    assert "Write down a first call" in text
    assert "Say who you are" not in text


def test_what_one_worked_on_and_what_happened_is_there(browser: Browser, sign_in: SignIn) -> None:
    answer = browser.post("/accounts/new", {"name": "Ромашка"})
    browser.post(f"{answer.headers['Location']}/timeline", {"kind": "core.note", "body": "Wants lamps"})
    page = browser.get("/")
    assert answer.headers["Location"] in page.links()
    assert "Wants lamps" in page.text
    boris = sign_in("boris", rights={("*", "view"): "own"}, permissions=()).get("/")
    assert "Ромашка" not in boris.text
    assert "Wants lamps" not in boris.text


def test_the_demo_firm_is_announced_and_goes_in_one_click(crm: Crm, browser: Browser) -> None:
    with crm.writing(system("demo")) as session:
        make_demo(session, accounts=5, contacts=5, events=5)
    browser.post("/accounts/new", {"name": "Ours"})
    assert "Remove demo data" in browser.get("/").text
    page = browser.follow(browser.post("/demo/remove"))
    assert "10 demo records were removed" in page.text
    assert "Remove demo data" not in page.text
    assert "1–1 of 1" in browser.get("/accounts").text


def test_only_an_administrator_removes_the_demo_firm(sign_in: SignIn) -> None:
    seller = sign_in("boris", rights={("*", "view"): "all"}, permissions=())
    assert seller.post("/demo/remove").status == 403
