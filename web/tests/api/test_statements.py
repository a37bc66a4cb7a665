"""How many SQL statements a request costs, the sign-in included."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx
import pytest

from crm_core.testing.statements import Statements

Counter = Callable[[], AbstractContextManager[Statements]]


@pytest.fixture
def account(api: httpx.Client) -> str:
    account = str(api.post("/core/accounts", json={"name": "Ромашка"}).json()["id"])
    for number in range(20):
        api.post("/core/contacts", json={"last_name": f"Человек {number}", "account_id": account})
    return account


def test_a_list_costs_at_most_three(api: httpx.Client, account: str, count_statements: Counter) -> None:
    with count_statements() as seen:
        assert len(api.get("/core/contacts", params={"q": "человек"}).json()["items"]) == 20
    assert len(seen) <= 3


def test_a_card_costs_at_most_six(api: httpx.Client, account: str, count_statements: Counter) -> None:
    with count_statements() as seen:
        assert len(api.get(f"/core/accounts/{account}/card").json()["contacts"]) == 20
    assert len(seen) <= 6


def test_creating_costs_at_most_fourteen(api: httpx.Client, account: str, count_statements: Counter) -> None:
    body = {"last_name": "Новый", "account_id": account, "emails": ["n@example.com"], "phones": ["+79032365544"]}
    with count_statements() as seen:
        assert api.post("/core/contacts", json=body, headers={"Idempotency-Key": "k"}).status_code == 201
    assert len([statement for statement in seen if "_fts" not in statement]) <= 14


def test_a_bulk_change_costs_the_same_for_one_and_for_many(
    api: httpx.Client, account: str, count_statements: Counter
) -> None:
    people = [item["id"] for item in api.get("/core/contacts").json()["items"]]
    user = api.get("/core/users").json()["items"][0]["id"]
    counts = []
    for ids in (people[:2], people[2:]):
        api.post("/core/contacts/bulk", json={"ids": ids, "set": {"owner_id": None}})
        with count_statements() as seen:
            assert api.post("/core/contacts/bulk", json={"ids": ids, "set": {"owner_id": user}}).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 12


def test_a_list_with_parts_costs_one_statement_a_table(
    api: httpx.Client, account: str, count_statements: Counter
) -> None:
    with count_statements() as seen:
        api.get("/core/contacts", params={"fields": "name,phones,emails,addresses"})
    assert len(seen) <= 4
