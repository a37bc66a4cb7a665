"""Searching across all kinds of records, and finding what a draft repeats."""

from __future__ import annotations

import httpx
import pytest


@pytest.fixture(autouse=True)
def people(api: httpx.Client) -> None:
    account = api.post("/core/accounts", json={"name": "ООО «Ромашка»", "inn": "7707083893"}).json()["id"]
    person = {"last_name": "Семёнов", "account_id": account, "phones": ["8 903 236-55-44"]}
    api.post("/core/contacts", json=person)


def test_a_person_is_found_however_it_is_typed(api: httpx.Client) -> None:
    for text in ("семен", "ctvtyjd", "+79032365544", "8 (903) 236-55-44"):
        hits = api.get("/core/search", params={"q": text}).json()["items"]
        assert [(hit["entity"], hit["name"]) for hit in hits] == [("core.contact", "Семёнов")], text


def test_a_search_may_be_limited_to_one_kind(api: httpx.Client) -> None:
    hits = api.get("/core/search", params={"q": "ромашка", "entity": "core.contact"}).json()["items"]
    assert hits == []


def test_a_search_for_nothing_is_refused(api: httpx.Client) -> None:
    wrong: list[dict[str, str]] = [{}, {"q": " "}, {"q": "a", "entity": "core.nothing"}, {"q": "a", "limit": "x"}]
    assert [api.get("/core/search", params=params).status_code for params in wrong] == [422] * len(wrong)


def test_a_draft_is_compared_with_what_there_is(api: httpx.Client) -> None:
    draft = {"entity": "core.account", "draft": {"name": "Ромашка"}}
    (hit,) = api.post("/core/similar", json=draft).json()["items"]
    assert (hit["name"], hit["reason"]) == ("ООО «Ромашка»", "a similar name")
    by_phone = {"entity": "core.contact", "draft": {"phones": [{"value": "+7 903 2365544"}]}}
    (hit,) = api.post("/core/similar", json=by_phone).json()["items"]
    assert (hit["name"], hit["reason"]) == ("Семёнов", "the same phone")
    assert len(api.get("/core/accounts").json()["items"]) == 1


def test_a_draft_of_nothing_is_refused(api: httpx.Client) -> None:
    wrong = [{}, {"entity": "core.nothing", "draft": {}}, {"entity": "core.account", "draft": []}]
    assert [api.post("/core/similar", json=body).status_code for body in wrong] == [422] * len(wrong)


def test_users_and_teams_can_be_chosen_from(api: httpx.Client) -> None:
    assert [user["name"] for user in api.get("/core/users").json()["items"]] == ["Anna"]
    assert api.get("/core/teams").json() == {"items": [], "next": None}
