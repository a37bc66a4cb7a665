"""The demo firm: offered to an empty base, gone in a click, and only for administrators."""

from __future__ import annotations

from functools import partial

import pytest

from crm_core.runtime import Crm
from crm_core.service.demo import make_demo
from crm_core.testing.factories import make_accounts

from .conftest import Browser, SignIn

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _small_firm(monkeypatch: pytest.MonkeyPatch) -> None:
    small = partial(make_demo, accounts=4, contacts=6, events=10)
    monkeypatch.setattr("crm_web.views.demo.make_demo", small)


def test_an_empty_base_offers_the_demo_firm_and_removes_it(browser: Browser) -> None:
    assert "Load demo data" in browser.get("/").text
    page = browser.follow(browser.post("/demo/load"))
    assert "Load demo data" not in page.text
    assert "/demo/remove" in page.links()
    assert "1–4 of 4" in browser.get("/accounts").text
    assert "The invented firm goes" in browser.get("/demo/remove", htmx=True).text
    page = browser.follow(browser.post("/demo/remove"))
    assert "10 demo records were removed" in page.text
    assert "Load demo data" in page.text
    assert "There is no demo data here." in browser.get("/demo/remove").text


def test_it_is_loaded_once(browser: Browser) -> None:
    browser.post("/demo/load")
    browser.post("/demo/load")
    assert "1–4 of 4" in browser.get("/accounts").text


def test_a_base_with_clients_is_not_offered_invented_ones(crm: Crm, browser: Browser) -> None:
    make_accounts(crm, 1)
    assert "Load demo data" not in browser.get("/").text


def test_only_administrators_load_and_remove_it(sign_in: SignIn) -> None:
    boris = sign_in("boris", permissions=())
    assert "Load demo data" not in boris.get("/").text
    assert [boris.post(path).status for path in ("/demo/load", "/demo/remove")] == [403, 403]
    assert boris.get("/demo/remove").status == 403
