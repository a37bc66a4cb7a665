"""Importing a file over HTTP: plan, dry run, run, errors, undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from crm_core.access.load import bump_access
from crm_core.access.principal import system
from crm_core.db.base import new_id
from crm_core.job.lease import claim
from crm_core.job.perform import perform
from crm_core.plugin.contributions import Job
from crm_core.runtime import Crm

FILE = "Name;City;Employees\nЛандыш;Клин;10\nРомашка;Тверь;many\nВасилёк;Орёл;5\n".encode()


@pytest.fixture
def work_off(crm: Crm) -> Callable[[], None]:
    """Does what waits in the ledger, as a worker would."""
    kinds = {kind.id: kind.target for kind in crm.all(Job) if not kind.every}

    def run() -> None:
        while True:
            with crm.writing(system("test")) as session:
                bump_access(session)
                job = claim(session, list(kinds), 30)
            if job is None:
                return
            perform(crm, job, kinds[job.kind], 30, lambda _context: None)

    return run


def send(api: httpx.Client, content: bytes = FILE, **params: str) -> httpx.Response:
    return api.post("/core/imports", params={"entity": "core.account", "file_name": "a.csv", **params}, content=content)


def names(api: httpx.Client) -> list[str]:
    return [item["name"] for item in api.get("/core/accounts").json()["items"]]


def test_a_file_is_looked_at_tried_imported_and_taken_back(api: httpx.Client, work_off: Callable[[], None]) -> None:
    sent = send(api)
    assert (sent.status_code, sent.json()["state"]) == (201, "draft")
    assert [column["target"] for column in sent.json()["plan"]["columns"]] == ["name", "city", "employees"]
    path = sent.headers["Location"].removeprefix("/api/v1")

    assert api.post(f"{path}/check").json()["state"] == "checking"
    work_off()
    tried: dict[str, Any] = api.get(path).json()
    assert (tried["state"], tried["counts"]["created"], tried["counts"]["error"]) == ("checked", 2, 1)
    assert names(api) == []
    refused = api.get(f"{path}/errors").json()
    assert [(row["row"], row["line"]) for row in refused["items"]] == [(2, 3)]

    assert api.post(f"{path}/run").status_code == 202
    work_off()
    done = api.get(path).json()
    assert (done["state"], done["can_undo"], done["job"]["state"]) == ("done", True, "done")
    assert {name: done["counts"][name] for name in ("created", "error")} == {"created": 2, "error": 1}
    assert names(api) == ["Василёк", "Ландыш"]
    assert api.get(f"{path}/errors").json() == refused
    assert api.get(f"{path}/errors", params={"after": 2}).json()["items"] == []

    assert api.post(f"{path}/undo").status_code == 202
    work_off()
    assert api.get(path).json()["state"] == "undone"
    assert names(api) == []


def test_a_plan_can_be_changed_until_the_import_runs(api: httpx.Client, work_off: Callable[[], None]) -> None:
    path = send(api).headers["Location"].removeprefix("/api/v1")
    changed = api.patch(path, json={"columns": [{"column": 0, "target": "name"}], "on_match": "skip"})
    assert changed.json()["plan"]["columns"] == [{"column": 0, "target": "name", "label": ""}]
    api.post(f"{path}/run")
    work_off()
    assert names(api) == ["Василёк", "Ландыш", "Ромашка"]
    answer = api.patch(path, json={"on_match": "update"})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")


def test_what_was_detected_wrongly_can_be_said(api: httpx.Client) -> None:
    path = send(api, "Name\nЛандыш\n".encode("cp1251")).headers["Location"].removeprefix("/api/v1")
    changed = api.patch(path, json={"shape": {"encoding": "koi8-r"}})
    assert changed.json()["plan"]["shape"]["encoding"]["value"] == "koi8-r"


def test_a_plan_that_cannot_be_done_is_refused(api: httpx.Client) -> None:
    path = send(api).headers["Location"].removeprefix("/api/v1")
    wrong: list[tuple[Any, str]] = [
        ({"columns": [{"column": 0, "target": "nothing"}]}, "columns"),
        ({"columns": [{"column": "a"}]}, "columns.0.column"),
        ({"keys": ["colour"]}, "keys"),
        ({"on_match": "guess"}, "on_match"),
        ({"colour": "red"}, "colour"),
    ]
    for plan, field in wrong:
        answer = api.patch(path, json=plan)
        assert answer.status_code == 422
        assert field in [problem["field"] for problem in answer.json()["errors"]]


def test_a_file_that_is_none_is_refused(api: httpx.Client) -> None:
    assert send(api, b"").status_code == 422
    assert send(api, entity="core.nothing").json()["errors"][0]["field"] == "entity"


def test_an_import_that_runs_can_be_stopped(api: httpx.Client, work_off: Callable[[], None]) -> None:
    path = send(api).headers["Location"].removeprefix("/api/v1")
    api.post(f"{path}/run")
    assert api.post(f"{path}/cancel").json()["state"] == "cancelled"
    work_off()
    assert names(api) == []


def test_the_imports_of_others_are_not_there(api: httpx.Client, caller: Callable[..., httpx.Client]) -> None:
    path = send(api).headers["Location"].removeprefix("/api/v1")
    other = caller(role="own", login="boris")
    for address in (path, f"/core/imports/{new_id()}", "/core/imports/x"):
        assert other.get(address).status_code == 404
    assert other.post(f"{path}/run").status_code == 404
    assert send(other).status_code == 403
