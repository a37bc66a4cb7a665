"""What the interface refuses, and how it says so (RFC 9457)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from sqlalchemy import insert

from crm_core.db.base import new_id
from crm_core.model import Account
from crm_core.runtime import Crm

Caller = Callable[..., httpx.Client]


def post_raw(api: httpx.Client, body: bytes, **headers: str) -> httpx.Response:
    return api.post("/core/accounts", content=body, headers={"Content-Type": "application/json", **headers})


def test_a_stranger_is_told_how_to_sign_in(stranger: httpx.Client) -> None:
    answer = stranger.get("/core/accounts")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="crm"'
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_token_that_nobody_has_opens_nothing(stranger: httpx.Client) -> None:
    for value in ("Bearer crm_wrong", "Bearer ", "Bearer " + "x" * 5000, "Basic YTpi", "crm_wrong"):
        answer = stranger.get("/core/accounts", headers={"Authorization": value})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_every_problem_is_a_document_with_type_title_and_status(api: httpx.Client) -> None:
    answer = api.get(f"/core/accounts/{new_id()}")
    document = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert document["type"] == "/problems/not-found"
    assert document["status"] == answer.status_code == 404
    assert document["title"]


def test_problems_are_told_in_the_language_of_the_user(caller: Caller) -> None:
    api = caller(language="ru")
    answer = api.post("/core/accounts", json={"name": "Ромашка", "inn": "123"})
    assert answer.headers["Content-Language"] == "ru"
    assert answer.json()["title"] == "Введённое содержит ошибки."


def test_problems_are_told_to_strangers_in_the_language_that_they_accept(stranger: httpx.Client) -> None:
    answer = stranger.get("/core/accounts", headers={"Accept-Language": "ru, en;q=0.5"})
    assert answer.json()["title"] == "Вы не вошли в систему."


def test_every_field_with_a_problem_is_named_at_once(api: httpx.Client) -> None:
    body = {"inn": "123", "colour": "red", "phones": ["12"], "employees": "many", "emails": [{"value": "a@b", "x": 1}]}
    answer = api.post("/core/accounts", json=body)
    assert answer.status_code == 422
    problems = {problem["field"]: problem for problem in answer.json()["errors"]}
    assert set(problems) == {"name", "inn", "colour", "phones.0.value", "employees", "emails.0.x"}
    assert all(problem["id"] and problem["message"] for problem in problems.values())


def test_a_record_of_others_and_one_that_never_was_look_the_same(caller: Caller, crm: Crm) -> None:
    api = caller(role="own", login="boris")
    foreign = new_id()
    with crm.database.lane(), crm.database.write.begin() as connection:
        connection.execute(insert(Account.__table__), {"id": foreign, "name": "Чужая", "name_fold": "чужая"})
    for path in ("", "/card", "/timeline"):
        answers = [api.get(f"/core/accounts/{key}{path}") for key in (foreign, new_id(), "no-id", "'; --")]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers}) == 1


def test_who_lacks_the_right_is_told_so(caller: Caller) -> None:
    api = caller(role="reader", login="vera")
    answer = api.post("/core/accounts", json={"name": "Ромашка"})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")


def test_a_method_that_is_not_known_is_answered_with_those_that_are(api: httpx.Client) -> None:
    answer = api.put("/core/accounts", json={})
    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))
    assert answer.json()["type"] == "/problems/method-not-allowed"


def test_an_address_that_is_not_known_is_answered_in_json(api: httpx.Client) -> None:
    answer = api.get("/core/nothing")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


def test_json_that_two_readers_could_read_differently_is_refused(api: httpx.Client) -> None:
    wrong = [
        b"", b"{", b"[]", b'"text"', b"null", b'{"name": 1e400}', b'{"name": NaN}', b'{"name": "a", "name": "b"}',
        b'{"name": "a", "custom": {"x": 1, "x": 2}}', b'{"name": "\\ud800"}', b'{"name": "\xff"}',
        b'{"a":' * 20 + b"1" + b"}" * 20, b"[" * 100_000,
    ]  # fmt: skip
    for body in wrong:
        answer = post_raw(api, body)
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-request"), body[:50]


def test_another_content_type_is_refused(api: httpx.Client) -> None:
    answer = api.post(
        "/core/accounts", content=b"name=a", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 415
    assert post_raw(api, b"{}", **{"Content-Encoding": "gzip"}).status_code == 415


def test_a_body_that_is_too_large_is_refused(api: httpx.Client) -> None:
    answer = post_raw(api, b'{"name": "' + b"x" * 1_100_000 + b'"}')
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")


def test_many_equal_names_cost_no_time(api: httpx.Client) -> None:
    names = b",".join(b'"n%d":1' % number for number in range(60_000))
    answer = post_raw(api, b"{" + names + b',"n59999":1}')
    assert answer.status_code == 400


def test_a_value_that_cannot_be_kept_is_named(api: httpx.Client) -> None:
    wrong: list[Any] = ["text\x00", "x" * 30_000, 5, True, [], {}, ""]
    for value in wrong:
        answer = api.post("/core/accounts", json={"name": value})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "name"), value


def test_a_field_that_always_has_a_value_cannot_be_emptied(api: httpx.Client) -> None:
    for field in ("category", "kind", "custom", "phones"):
        answer = api.post("/core/accounts", json={"name": "Ромашка", field: None})
        assert (answer.status_code, [problem["field"] for problem in answer.json()["errors"]]) == (422, [field])


def test_a_change_may_leave_fields_out_but_not_halves_of_parts(api: httpx.Client) -> None:
    made = api.post("/core/accounts", json={"name": "Ромашка"}).json()
    answer = api.patch(f"/core/accounts/{made['id']}", json={"phones": [{}]}, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "phones.0.value")


def test_a_reference_to_nothing_is_named(api: httpx.Client) -> None:
    answer = api.post("/core/contacts", json={"last_name": "Семёнов", "account_id": new_id()})
    assert answer.status_code == 422
    assert "account_id" in answer.json()["errors"][0]["field"]


def test_answers_are_not_kept_by_caches_on_the_way(api: httpx.Client) -> None:
    answer = api.get("/core/accounts")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Authorization" in answer.headers["Vary"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_reference_inside_a_part_is_checked_too(api: httpx.Client) -> None:
    account = api.post("/core/accounts", json={"name": "Ромашка"}).json()["id"]
    nothing = {"account_id": new_id()}
    person = {"last_name": "Семёнов", "affiliations": [{"account_id": account, "is_primary": True}, nothing]}
    answer = api.post("/core/contacts", json=person)
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == ["affiliations.1.account_id"]
