"""Imports and exports through the pages, with the ledger worked off between them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.datastructures import Headers

from crm_core.access.principal import system
from crm_core.job.lease import claim
from crm_core.job.perform import perform
from crm_core.plugin.contributions import Job
from crm_core.runtime import Crm

from ..conftest import Browser, Page

WorkOff = Callable[[], None]
Upload = Callable[..., Page]


@pytest.fixture
def work_off(crm: Crm) -> WorkOff:
    """Does what waits in the ledger, one job after the other, as a worker would."""
    kinds = {kind.id: kind.target for kind in crm.all(Job) if not kind.every}

    def run() -> None:
        while True:
            with crm.writing(system("test")) as session:
                job = claim(session, list(kinds), 30)
            if job is None:
                return
            perform(crm, job, kinds[job.kind], 30, lambda _context: None)

    return run


@pytest.fixture
def upload() -> Upload:
    """``upload(browser, content, name)`` sends a file and gives the answer."""

    def send(browser: Browser, content: bytes, name: str = "clients.csv", **form: Any) -> Page:
        file = {"file": (io.BytesIO(content), name)} if name else {}
        return browser.post("/import", {"entity": "core.account", **form, **file})

    return send


@dataclass(frozen=True, slots=True)
class Download:
    """A file that was fetched: its bytes, the status and the headers."""

    content: bytes
    status: int
    headers: Headers


def fetch(browser: Browser, path: str) -> Download:
    """Fetch a file as a browser does."""
    with browser.client.get(path) as response:
        return Download(response.get_data(), response.status_code, response.headers)
