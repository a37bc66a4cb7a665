"""The page about the interface, and the interface as a signed-in browser meets it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from flask import Flask

from crm_core.access.principal import Principal
from crm_core.runtime import Crm
from crm_core.service import identity

SITE = "http://127.0.0.1:8000"


@pytest.fixture
def anonymous(app: Flask) -> Iterator[httpx.Client]:
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url=SITE) as client:
        yield client


@pytest.fixture
def browser(crm: Crm, actor: Principal, anonymous: httpx.Client, api: httpx.Client) -> httpx.Client:
    """A browser whose user is the one of ``api``: signed in, with the proof that forms carry."""
    (user,) = [found for found in api.get("/core/users").json()["items"] if found["name"] == "Anna"]
    with crm.writing(actor) as session:
        new = identity.open_session(session, user["id"], None, None)
    anonymous.cookies.set("crm_staff", new.cookie_value)
    anonymous.headers["X-Proof"] = new.csrf
    return anonymous


def test_a_stranger_signs_in_first(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/api/v1/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=/api/v1/")


def test_the_page_shows_every_operation(browser: httpx.Client, api: httpx.Client) -> None:
    page = browser.get("/api/v1/")
    assert page.status_code == 200
    paths = api.get("/openapi.json").json()["paths"]
    assert page.text.count("curl -H") == sum(len(methods) for methods in paths.values())
    assert all(page.text.count(f"<code>{path}</code>") == len(methods) for path, methods in paths.items())
    assert "<style" not in page.text


def test_what_reads_can_be_tried(browser: httpx.Client, api: httpx.Client) -> None:
    made = api.post("/core/accounts", json={"name": "Ромашка"}).json()
    answer = browser.get("/api/v1/", params={"try": "core.account.read", "record_id": made["id"]})
    assert answer.headers["Location"] == f"/api/v1/core/accounts/{made['id']}"
    assert browser.get(answer.headers["Location"]).json()["name"] == "Ромашка"
    answer = browser.get("/api/v1/", params={"try": "core.account.list", "q": "ром аш", "sort": "", "limit": "5"})
    assert answer.headers["Location"] == "/api/v1/core/accounts?q=%D1%80%D0%BE%D0%BC+%D0%B0%D1%88&limit=5"


def test_a_try_stays_below_its_address(browser: httpx.Client) -> None:
    for record_id in ("//evil.example", "../../../login", "a?b#c", ""):
        answer = browser.get("/api/v1/", params={"try": "core.account.read", "record_id": record_id})
        parts = urlsplit(answer.headers["Location"])
        assert (parts.netloc, parts.query, parts.fragment) == ("", "", "")
        assert parts.path.startswith("/api/v1/core/accounts/")
        assert parts.path.count("/") == 5


def test_a_try_of_something_unknown_leads_back(browser: httpx.Client) -> None:
    answer = browser.get("/api/v1/", params={"try": "core.account.create"})
    assert answer.headers["Location"] == "/api/v1/"


def test_a_browser_reads_with_its_cookie(browser: httpx.Client) -> None:
    assert browser.get("/api/v1/core/accounts").json()["items"] == []
    assert browser.get("/api/v1/openapi.json").status_code == 200


def test_a_browser_changes_only_with_the_proof_that_our_page_asked(browser: httpx.Client) -> None:
    def create(**headers: str) -> int:
        answer = browser.post("/api/v1/core/accounts", json={"name": "Ромашка"}, headers=headers)
        return answer.status_code

    proof = browser.headers["X-Proof"]
    assert create() == 400
    assert create(**{"X-CSRF-Token": "wrong"}) == 400
    assert create(**{"X-CSRF-Token": proof, "Origin": "https://evil.example"}) == 400
    assert create(**{"X-CSRF-Token": proof, "Sec-Fetch-Site": "cross-site"}) == 400
    assert create(**{"X-CSRF-Token": proof}) == 201


def test_a_token_needs_no_proof_whatever_cookie_comes_along(browser: httpx.Client, api: httpx.Client) -> None:
    headers = {"Authorization": api.headers["Authorization"]}
    assert browser.post("/api/v1/core/accounts", json={"name": "Ромашка"}, headers=headers).status_code == 201
