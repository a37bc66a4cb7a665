"""How many SQL statements the works of a day send: a number that no busy neighbour on the machine can blur."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from crm_core.access.principal import Principal
from crm_core.entity.query import query
from crm_core.entity.record import whole
from crm_core.entity.schema import load_input
from crm_core.entity.view import Filter, View
from crm_core.entity.write import assign, create
from crm_core.runtime import Crm
from crm_core.service import history
from crm_core.service.transfer import batch as batches
from crm_core.service.transfer.draft import open_drafts
from crm_core.service.transfer.plan import Plan
from crm_core.testing.factories import make_accounts, make_user
from crm_core.testing.statements import Statements

Counter = Callable[[], AbstractContextManager[Statements]]
COLUMNS = ("name", "city", "primary_contact_id", "email", "owner_id")


def new_contact(account: str) -> dict[str, Any]:
    reached = {"emails": ["new@example.com"], "phones": ["+7 903 236-55-44"]}
    return {"last_name": "Королёв", "first_name": "Пётр", "account_id": account, **reached}


def imported_file(accounts: list[str], rows: int) -> io.BytesIO:
    """Of ten rows, one repeats an e-mail and one has none that is good."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("last_name", "email", "phone", "account_id"))
    for number in range(rows):
        email = {7: f"p{number - 1}@example.com", 8: "no address"}.get(number % 10, f"p{number}@example.com")
        writer.writerow((f"Person {number}", email, f"+49 171 {number:07d}", accounts[number % len(accounts)]))
    return io.BytesIO(text.getvalue().encode())


def run_import(crm: Crm, actor: Principal, file: io.BytesIO) -> dict[str, int]:
    with crm.writing(actor, origin="import") as session:
        batch = batches.open_batch(session, "core.contact", file, "people.csv")
    plan = replace(Plan.from_json(batch["plan"]), keys=("email",), on_match="skip")
    drafts = open_drafts(crm, crm.entities["core.contact"], plan, batches.file_of(crm, batch), zone="UTC")
    counts: dict[str, int] = {}
    for chunk in batches.chunks(drafts, 0):
        with crm.writing(actor, origin="import") as session:
            batches.add_counts(counts, batches.run_chunk(session, batch, plan, chunk))
    return counts


def test_a_list_is_one_statement(crm: Crm, actor: Principal, count_statements: Counter) -> None:
    make_accounts(crm, 60, owner_id=actor.user_id)
    with crm.reading(actor) as session, count_statements() as seen:
        page = query(session, crm.entities["core.account"], View(columns=COLUMNS, limit=50))
    assert len(page.rows) == 50
    assert len(seen) == 1


def test_a_card_costs_at_most_six(crm: Crm, actor: Principal, count_statements: Counter) -> None:
    account, contact = crm.entities["core.account"], crm.entities["core.contact"]
    (account_id,) = make_accounts(crm)
    with crm.writing(actor) as session:
        create(session, contact, [load_input(session, contact, new_contact(account_id))])
    with crm.reading(actor) as session, count_statements() as seen:
        whole(session, account, account_id)
        people = query(session, contact, View(filters=(Filter("account_id", "eq", account_id),)))
        events = history.timeline(session, "core.account", account_id)
    assert people.rows
    assert events
    assert len(seen) <= 6


def test_a_new_contact_costs_at_most_twelve(crm: Crm, actor: Principal, count_statements: Counter) -> None:
    """Two fewer than a request may cost: its key is kept and its answer stored besides."""
    contact = crm.entities["core.contact"]
    (account_id,) = make_accounts(crm)
    with crm.writing(actor) as session, count_statements() as seen:
        create(session, contact, [load_input(session, contact, new_contact(account_id))])
    assert len(seen) <= 12


def test_another_owner_costs_the_same_for_two_and_for_a_thousand(
    crm: Crm, actor: Principal, count_statements: Counter
) -> None:
    ids, owner = make_accounts(crm, 1_000), make_user(crm, "boris")
    counts = []
    for some in (ids[:2], ids):
        with crm.writing(actor) as session:
            assign(session, crm.entities["core.account"], some, None)
        with crm.writing(actor) as session, count_statements() as seen:
            assign(session, crm.entities["core.account"], some, owner.user_id)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 12


@pytest.mark.slow
def test_an_import_of_ten_thousand_costs_at_most_a_hundred(
    crm: Crm, actor: Principal, count_statements: Counter
) -> None:
    accounts = make_accounts(crm, 500)
    with count_statements() as seen:
        counts = run_import(crm, actor, imported_file(accounts, 10_000))
    assert counts == {"rows": 10_000, "created": 8_000, "updated": 0, "skipped": 1_000, "error": 1_000}
    assert len(seen) <= 100
