"""What happened with records, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from crm_core.db.base import new_id


@pytest.fixture
def account(api: httpx.Client) -> str:
    return str(api.post("/core/accounts", json={"name": "Ромашка"}).json()["id"])


def log(api: httpx.Client, account: str, **event: Any) -> httpx.Response:
    return api.post(f"/core/accounts/{account}/timeline", json={"kind": "core.note", "body": "text", **event})


def test_a_logged_call_stands_on_the_timeline(api: httpx.Client, account: str) -> None:
    answer = log(api, account, kind="core.call", direction="out", outcome="reached", duration=180, body="договорились")
    assert answer.status_code == 201
    (event, *_rest) = api.get(f"/core/accounts/{account}/timeline").json()["items"]
    assert {name: event[name] for name in answer.json()} == answer.json()
    assert (event["kind"], event["direction"], event["duration"], event["actor"]) == ("core.call", "out", 180, "Anna")


def test_pages_of_a_timeline_hold_every_event_once(api: httpx.Client, account: str) -> None:
    start = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
    for number in range(5):
        log(api, account, body=str(number), occurred_at=(start + timedelta(days=number // 2)).isoformat())
    seen, before = [], None
    while True:
        params = {"limit": "2", "kind": "core.note", **({"before": before} if before else {})}
        page = api.get(f"/core/accounts/{account}/timeline", params=params).json()
        seen += [event["body"] for event in page["items"]]
        before = page["next"]
        if before is None:
            break
    assert sorted(seen) == ["0", "1", "2", "3", "4"]
    assert seen[0] == "4"


def test_an_event_of_a_contact_stands_on_the_account_too(api: httpx.Client, account: str) -> None:
    person = api.post("/core/contacts", json={"last_name": "Семёнов", "account_id": account}).json()["id"]
    api.post(f"/core/contacts/{person}/timeline", json={"kind": "core.note", "body": "о человеке"})
    events = api.get(f"/core/accounts/{account}/timeline", params={"kind": "core.note"}).json()["items"]
    assert [event["body"] for event in events] == ["о человеке"]


def test_a_card_holds_the_record_its_people_and_its_newest_events(api: httpx.Client, account: str) -> None:
    api.post("/core/contacts", json={"last_name": "Семёнов", "account_id": account})
    for number in range(55):
        log(api, account, body=str(number))
    card = api.get(f"/core/accounts/{account}/card").json()
    assert card["record"]["name"] == "Ромашка"
    assert [person["name"] for person in card["contacts"]] == ["Семёнов"]
    assert len(card["history"]["items"]) == 50
    rest = api.get(f"/core/accounts/{account}/timeline", params={"before": card["history"]["next"]}).json()
    assert len(rest["items"]) == 7


def test_an_event_that_cannot_be_is_refused(api: httpx.Client, account: str) -> None:
    impossible: list[tuple[dict[str, Any], str]] = [
        ({"kind": "core.nothing"}, "kind"),
        ({"body": ""}, "body"),
        ({"direction": "up"}, "direction"),
        ({"outcome": "reached"}, "outcome"),
        ({"duration": -1}, "duration"),
        ({"occurred_at": "2126-01-01T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": "2026-01-01T00:00:00"}, "occurred_at"),
        ({"mood": "good"}, "mood"),
        ({"participants": [{"entity": "core.nothing", "id": new_id()}]}, "participants.0.entity"),
        ({"participants": [{"entity": "core.contact", "id": "x"}]}, "participants.0.id"),
    ]
    for event, field in impossible:
        answer = log(api, account, **event)
        assert (answer.status_code, [problem["field"] for problem in answer.json()["errors"]]) == (422, [field]), event


def test_a_parameter_of_the_timeline_that_does_not_fit_is_named(api: httpx.Client, account: str) -> None:
    for name, value in {"before": "x", "kind": "core.nothing", "limit": "0", "page": "2"}.items():
        answer = api.get(f"/core/accounts/{account}/timeline", params={name: value})
        assert (answer.status_code, [problem["field"] for problem in answer.json()["errors"]]) == (422, [name])
