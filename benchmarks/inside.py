"""Measurements inside one process: SQL statements of a request, and the memory of an import."""

from __future__ import annotations

import csv
import io
import resource
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from flask import Flask

from benchmarks.client import Answer
from benchmarks.firm import record_id
from benchmarks.work import Place, Work, imported_rows
from crm_core.access.load import load_principal
from crm_core.access.principal import Principal, system
from crm_core.runtime import Crm
from crm_core.service.transfer import batch as batches
from crm_core.service.transfer.draft import open_drafts
from crm_core.service.transfer.plan import Plan
from crm_core.testing.statements import listen

__all__ = ["Caller", "import_rows", "peak_memory_mb", "statements_of"]


class Caller:
    """Asks an application in this process as ``client.Client`` asks a server."""

    def __init__(self, app: Flask, headers: Mapping[str, str]) -> None:
        self._app = app.test_client(use_cookies=False)
        self._headers = dict(headers)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for something. Raises ``RuntimeError`` for any answer but a good one."""
        return self.send("GET", path, b"", headers)

    def post(self, path: str, value: object, headers: Mapping[str, str] | None = None, method: str = "POST") -> Answer:
        """Send a value as JSON. Raises ``RuntimeError`` for any answer but a good one."""
        return self.send(method, path, orjson.dumps(value), {"Content-Type": "application/json", **(headers or {})})

    def send(self, method: str, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a request. Raises ``RuntimeError`` for any answer but a good one."""
        found = self._app.open(path, method=method, data=body, headers={**self._headers, **(headers or {})})
        if not 200 <= found.status_code < 400:
            raise RuntimeError(f"{method} {path}: {found.status_code} {found.data[:500]!r}")
        return Answer(found.status_code, found.data)


def statements_of(crm: Crm, work: Work, caller: Caller, place: Place) -> int:
    """How many statements one run of a work sends once everything is warm, the sign-in included."""
    if work.id == "W7":
        with listen(crm.database) as seen:
            import_rows(crm, place.accounts, f"{place.run}.counted", 10_000)
        return len(seen)
    turns = range(10_000_000, 10_000_003)
    for turn in turns[:2]:
        work.ours(caller, place, turn)  # type: ignore[arg-type]
    with listen(crm.database) as seen:
        work.ours(caller, place, turns[2])  # type: ignore[arg-type]
    return len(seen)


def import_rows(crm: Crm, accounts: int, mark: str, count: int) -> dict[str, int]:
    """Import made-up contacts in this process, chunk by chunk as the job does; gives the counts of outcomes."""
    with crm.reading(system("benchmark")) as session:
        actor = load_principal(session, record_id("user", 1))
    with tempfile.TemporaryFile() as file:
        _write(file, accounts, mark, count)
        batch = _opened(crm, actor, file)
    plan = replace(Plan.from_json(batch["plan"]), keys=("email",), on_match="skip")
    entity, counts = crm.entities["core.contact"], dict[str, int]()
    drafts = open_drafts(crm, entity, plan, batches.file_of(crm, batch), zone="UTC")
    for chunk in batches.chunks(drafts, 0):
        with crm.writing(actor, origin="import") as session:
            batches.add_counts(counts, batches.run_chunk(session, batch, plan, chunk))
    return counts


def peak_memory_mb() -> float:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _write(file: Any, accounts: int, mark: str, count: int) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(("first_name", "last_name", "email", "phone", "account_id"))
    for first, last, email, phone, account in imported_rows(accounts, mark, count):
        writer.writerow((first, last, email, phone, record_id("account", account)))
    text.detach()
    file.seek(0)


def _opened(crm: Crm, actor: Principal, file: Any) -> dict[str, Any]:
    Path(crm.settings.data_dir).mkdir(parents=True, exist_ok=True)
    with crm.writing(actor, origin="import") as session:
        return batches.open_batch(session, "core.contact", file, "benchmark.csv")
