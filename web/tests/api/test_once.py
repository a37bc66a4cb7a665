"""Requests with an Idempotency-Key are done once."""

from __future__ import annotations

from typing import Any

import httpx

PATH = "/core/accounts"


def send(api: httpx.Client, key: str, body: dict[str, Any] | None = None, path: str = PATH) -> httpx.Response:
    return api.post(path, json=body or {"name": "Ромашка"}, headers={"Idempotency-Key": key})


def test_a_repeated_request_gets_the_first_answer(api: httpx.Client) -> None:
    first, second = send(api, "k1"), send(api, "k1")
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert [first.headers[name] == second.headers[name] for name in ("ETag", "Location", "Content-Type")] == [True] * 3
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(api.get(PATH).json()["items"]) == 1


def test_a_key_belongs_to_one_request(api: httpx.Client) -> None:
    send(api, "k1")
    answer = send(api, "k1", {"name": "Василёк"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
    assert len(api.get(PATH).json()["items"]) == 1


def test_a_refused_request_may_be_repaired_under_the_same_key(api: httpx.Client) -> None:
    assert send(api, "k1", {"name": ""}).status_code == 422
    assert send(api, "k1").status_code == 201


def test_a_key_that_cannot_be_kept_is_refused(api: httpx.Client) -> None:
    for key in ("", "x" * 256, "two\tparts"):
        answer = api.post(PATH, json={"name": "Ромашка"}, headers={"Idempotency-Key": key})
        assert answer.status_code == 400
