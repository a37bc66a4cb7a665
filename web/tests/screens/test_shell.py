"""The frame around every page: headers, policies, failures, languages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from crm_core.db.base import new_id
from crm_core.runtime import Crm

from .conftest import Browser, Page, SignIn

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize(
    "path", ["/", "/accounts", "/nothing/here", "/accounts/0199a0de-0000-7000-8000-000000000000", "/healthz"]
)
def test_every_answer_carries_the_security_headers(browser: Browser, path: str) -> None:
    page = browser.get(path)
    for name, value in EXPECTED.items():
        assert page.headers[name] == value
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert len(page.headers["X-Request-Id"]) == 16


def test_the_answer_to_a_wrong_method_carries_them_too(browser: Browser) -> None:
    page = browser.post("/accounts")
    assert page.status == 405
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "GET" in page.headers["Allow"]


def test_a_page_varies_by_what_it_depends_on(browser: Browser) -> None:
    assert {name.strip() for name in browser.get("/accounts").headers["Vary"].split(",")} >= {
        "HX-Request", "Cookie", "Accept-Encoding",
    }  # fmt: skip


def test_static_files_never_change_under_their_address(browser: Browser, app: Flask) -> None:
    url = app.extensions["crm"].assets.url("core.js")
    with browser.client.get(url, headers={"Accept-Encoding": "br"}) as response:
        assert response.status_code == 200
        assert "immutable" in response.headers["Cache-Control"]
        assert response.headers["Content-Encoding"] == "br"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_are_compressed(browser: Browser) -> None:
    plain = browser.client.get("/accounts").data
    packed = browser.client.get("/accounts", headers={"Accept-Encoding": "br"})
    assert packed.headers["Content-Encoding"] == "br"
    assert len(packed.data) < len(plain) / 2


def test_a_foreign_host_name_is_refused(browser: Browser) -> None:
    assert browser.client.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_the_pulse_needs_no_database(browser: Browser, count_statements: Any) -> None:
    with count_statements() as seen:
        assert browser.get("/healthz").html == "ok"
    assert len(seen) == 0


def test_readiness_says_whether_the_database_answers(
    browser: Browser, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert browser.get("/readyz").html == "ready"
    crm.database.read.dispose()
    from sqlalchemy.exc import OperationalError

    def fail(*_arguments: Any, **_more: Any) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr("crm_web.views.health.text", fail)
    page = browser.get("/readyz")
    assert (page.status, page.html) == (503, "unavailable")


def test_somebody_who_is_not_signed_in_is_led_to_the_log_in_and_back(
    stranger: Browser,
) -> None:
    page = stranger.get("/accounts?city=Kazan&sort=-name")
    assert page.status == 303
    assert page.headers["Location"] == "/login?next=/accounts%3Fcity%3DKazan%26sort%3D-name"


def test_after_the_log_in_one_returns_to_the_form_that_was_sent(stranger: Browser) -> None:
    headers = {"Referer": "http://localhost/accounts/new?x=1"}
    answer = stranger.client.post("/accounts/new", data={"name": "X"}, headers=headers)
    assert answer.headers["Location"] == "/login?next=/accounts/new"
    foreign = stranger.client.post("/accounts/new", data={"name": "X"}, headers={"Referer": "http://evil.example/x"})
    assert foreign.headers["Location"] == "/login?next=/"


def test_a_form_that_is_too_large_is_refused_in_words(browser: Browser) -> None:
    page = browser.post("/accounts/new", {"name": "x" * 5_000_000})
    assert page.status == 413
    assert "too large" in page.text


def test_a_script_of_a_page_is_told_that_the_session_ended(stranger: Browser) -> None:
    assert stranger.get("/accounts", htmx=True).status == 401


def test_without_the_right_a_page_says_so_and_offers_the_way_home(sign_in: SignIn) -> None:
    page = sign_in(rights={}, permissions=()).get("/accounts")
    assert page.status == 403
    assert "You do not have the right" in page.text
    assert "/" in page.links()


def test_an_error_is_written_down_under_the_number_that_the_page_shows(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: Any) -> None:
        raise RuntimeError("deep inside")

    monkeypatch.setattr("crm_web.views.home.worked_on", fail)
    page = browser.get("/")
    assert page.status == 500
    number = page.headers["X-Request-Id"]
    assert number in page.text
    assert "deep inside" not in page.html
    assert [record for record in caplog.records if number in record.getMessage()]


def test_a_failure_inside_a_page_comes_as_a_message(browser: Browser) -> None:
    page = browser.get(f"/accounts/{new_id()}", htmx=True)
    assert (page.status, page.html) == (404, "")
    toast = json.loads(page.headers["HX-Trigger"])["crm:toast"]
    assert toast["kind"] == "danger"
    assert "does not exist" in toast["message"]


def test_errors_speak_the_language_of_the_reader(sign_in: SignIn) -> None:
    page = sign_in(language="ru").get("/nothing/here")
    assert '<html lang="ru"' in page.html
    assert "Такой страницы нет" in page.text


def test_a_stranger_reads_the_language_of_the_browser(
    stranger: Browser,
) -> None:
    page = stranger.get("/nothing/here", headers={"Accept-Language": "ru-RU,ru;q=0.9,en;q=0.5"})
    assert '<html lang="ru"' in page.html


def test_navigation_shows_what_one_may_open(browser: Browser, sign_in: SignIn) -> None:
    assert "/modules" in browser.get("/").links()
    links = sign_in("boris", rights={("core.account", "view"): "own"}, permissions=()).get("/").links()
    assert "/accounts" in links
    assert "/contacts" not in links
    assert "/modules" not in links


def test_no_page_holds_script_or_style(browser: Browser) -> None:
    for path in ("/", "/accounts", "/accounts/new", "/modules", "/search?q=x", "/quick-add"):
        html = browser.get(path).html
        assert "style=" not in html
        assert "<style" not in html
        assert "onclick" not in html
        assert all("src=" in tag for tag in html.split("<script")[1:])


def test_a_message_is_shown_once_on_the_page_that_comes_next(browser: Browser) -> None:
    answer = browser.post("/accounts/new", {"name": "Ромашка", "idempotency_key": new_id()})
    assert answer.status == 303
    first: Page = browser.follow(answer)
    assert "“Ромашка” was added" in first.text
    assert "was added" not in browser.get("/accounts").text


def test_a_forged_message_is_not_shown(browser: Browser) -> None:
    browser.client.set_cookie("crm_toast", "W3sibWVzc2FnZSI6ImhpIn1d.forged")
    page = browser.get("/accounts")
    assert page.status == 200
    assert "forged" not in page.html
