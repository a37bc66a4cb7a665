"""The interface behind the real server: sockets, worker processes, compression, parallel callers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from crm_web.testing import Site, running_site, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site"), workers=2) as found:
        yield found


@pytest.fixture
def api(site: Site) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {site.token()}"}
    with httpx.Client(base_url=f"{site.url}/api/v1", headers=headers, timeout=30) as client:
        yield client


def test_a_record_goes_there_and_comes_back(api: httpx.Client) -> None:
    made = api.post("/core/accounts", json={"name": "Ромашка «ё»", "tags": ["vip"]})
    assert made.status_code == 201
    read = api.get(f"/core/accounts/{made.json()['id']}", headers={"Accept-Encoding": "br, gzip"})
    assert read.headers["Content-Encoding"] in {"br", "gzip"}
    assert read.json()["name"] == "Ромашка «ё»"
    assert api.get(read.url, headers={"If-None-Match": read.headers["ETag"]}).status_code == 304


def test_many_who_send_the_same_request_at_once_make_one_record(api: httpx.Client) -> None:
    def send(_number: int) -> tuple[int, Any]:
        answer = api.post("/core/accounts", json={"name": "Одна"}, headers={"Idempotency-Key": "at-once"})
        return answer.status_code, answer.json().get("id")

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(send, range(24)))
    assert {status for status, _id in answers} <= {201, 409}
    assert len({record for status, record in answers if status == 201}) == 1
    assert len(api.get("/core/accounts", params={"name": "Одна"}).json()["items"]) == 1


def test_of_many_who_change_one_version_one_succeeds(api: httpx.Client) -> None:
    path = f"/core/accounts/{api.post('/core/accounts', json={'name': 'Спорная'}).json()['id']}"

    def change(number: int) -> int:
        return api.patch(path, json={"employees": number}, headers={"If-Match": '"v1"'}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(change, range(16)))
    assert sorted(statuses) == [200] + [412] * 15
    assert api.get(path).json()["version"] == 2


def test_an_import_goes_on_in_the_background(api: httpx.Client) -> None:
    content = "Name;City\n" + "".join(f"Загруженная {number};Клин\n" for number in range(500))
    params = {"entity": "core.account", "file_name": "firms.csv"}
    path = f"/core/imports/{api.post('/core/imports', params=params, content=content.encode()).json()['id']}"
    api.post(f"{path}/run")
    wait_until(lambda: api.get(path).json()["state"] == "done", 60, lambda: api.get(path).text)
    assert api.get(path).json()["counts"]["created"] == 500


def test_a_body_that_is_too_large_does_not_take_the_server_down(api: httpx.Client) -> None:
    body = b'{"name": "' + b"x" * 3_000_000 + b'"}'
    try:
        status = api.post("/core/accounts", content=body, headers={"Content-Type": "application/json"}).status_code
    except httpx.TransportError:  # the server may hang up while it is still being written to
        status = 413
    assert status == 413
    assert api.get("/core/accounts").status_code == 200
