"""The works that are measured: what each asks of ours and of the yardstick, and how far apart they may be."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import orjson

from benchmarks.client import Client
from benchmarks.firm import busy_account, name_part, record_id, some_contact
from crm_core.db.paging import Cursor, write_cursor

__all__ = ["WORKS", "Place", "Work", "imported_rows"]

IMPORTED = 10_000
ASSIGNED = 1_000
_LISTED = "fields=name,city,primary_contact_id,email,owner_id&limit=50"
_PEOPLE = "fields=name,first_name,last_name,email,phone,account_id"
_ACCOUNTS, _CONTACTS, _IMPORTS = "/api/v1/core/accounts", "/api/v1/core/contacts", "/api/v1/core/imports"
_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a measurement knows of the data: its size, the middle of the sorted list, a mark of this run."""

    accounts: int
    middle: tuple[str, str, str, int]
    """Of the account in the middle of the list: folded name and id of ours, name and number of the yardstick."""
    run: str


Ask = Callable[[Client, Place, int], int]
"""Does the work once with a client, the ``turn``-th time; gives the bytes that came back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One work. ``limit`` is how many times the yardstick's processor time ours may take."""

    id: str
    label: str
    ours: Ask
    raw: Ask
    limit: float
    statements: int | None = None
    once: bool = False
    page: bool = False


def _get(path: Callable[[Place, int], str]) -> Ask:
    return lambda client, place, turn: len(client.get(path(place, turn)).body)


def _next_page(place: Place, _turn: int) -> str:
    key, last, _name, _number = place.middle
    return f"{_ACCOUNTS}?{_LISTED}&cursor={write_cursor(Cursor(key=key, id=last))}"


def _raw_next_page(place: Place, _turn: int) -> str:
    return f"/page?name={quote(place.middle[2])}&id={place.middle[3]}"


def _phone(place: Place, turn: int) -> str:
    return quote(f"+49 171 {some_contact(turn, place.accounts):07d}")


def _new(place: Place, turn: int) -> dict[str, str]:
    email, phone = f"new.{place.run}.{turn}@example.com", f"+49 173 {turn % 10_000_000:07d}"
    return {"first_name": "New", "last_name": "Person", "email": email, "phone": phone}


def _create(client: Client, place: Place, turn: int) -> int:
    new = _new(place, turn)
    body = {
        "account_id": record_id("account", busy_account(turn, place.accounts)),
        "first_name": new["first_name"],
        "last_name": new["last_name"],
        "emails": [new["email"]],
        "phones": [new["phone"]],
    }
    return len(client.post(_CONTACTS, body, {"Idempotency-Key": f"{place.run}.{turn}"}).body)


def _raw_create(client: Client, place: Place, turn: int) -> int:
    return len(client.post("/create", {"account_id": busy_account(turn, place.accounts), **_new(place, turn)}).body)


def _chosen(place: Place, turn: int) -> list[int]:
    """A thousand accounts, spread over all of them; each turn the next ones."""
    step = max(1, min(10, place.accounts // (ASSIGNED + 10)))
    return list(range(step + turn % step, step * (ASSIGNED + 1) + turn % step, step))


def _owner(turn: int) -> int:
    return turn * 7 % 19 + 1


def _assign(client: Client, place: Place, turn: int) -> int:
    ids = [record_id("account", number) for number in _chosen(place, turn)]
    body = {"ids": ids, "set": {"owner_id": record_id("user", _owner(turn))}, "reason": "benchmark"}
    return len(client.post(f"{_ACCOUNTS}/bulk", body).body)


def _raw_assign(client: Client, place: Place, turn: int) -> int:
    return len(client.post("/assign", {"ids": _chosen(place, turn), "owner": _owner(turn)}).body)


def imported_rows(accounts: int, mark: str, count: int = IMPORTED) -> Iterator[tuple[str, str, str, str, int]]:
    """Contacts of a file: of a hundred, twenty are stored already, one repeats the row before, one has no e-mail."""
    before = ("", "", "", "")
    for number in range(1, count + 1):
        row = ("Anna", "Berg", f"anna.{mark}.{number}@example.com", f"+49 172 {number % 10_000_000:07d}")
        if number % 5 == 0:
            known = number * 7 % 3000 + 1
            row = ("Anna", "Berg", f"person.{known}@example.com", f"+49 171 {known:07d}")
        elif number % 100 == 1 and number > 1:
            row = before
        elif number % 100 == 2:
            row = (*row[:2], f"bad-mail-{number}", row[3])
        before = row
        yield (*row, number % accounts + 1)


def _file(place: Place, turn: int, *, ours: bool) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("first_name", "last_name", "email", "phone", "account_id"))
    for first, last, email, phone, account in imported_rows(place.accounts, f"{place.run}.{turn}"):
        writer.writerow((first, last, email, phone, record_id("account", account) if ours else account))
    return text.getvalue().encode()


def _import(client: Client, place: Place, turn: int) -> int:
    """As a program imports: send the file, say how rows are matched, start, and ask until it is done."""
    address = f"{_IMPORTS}?entity=core.contact&file_name=benchmark.csv"
    sent = client.send("POST", address, _file(place, turn, ours=True), {"Content-Type": "text/csv"})
    one = f"{_IMPORTS}/{orjson.loads(sent.body)['id']}"
    client.post(one, {"keys": ["email"], "on_match": "skip"}, method="PATCH")
    client.send("POST", f"{one}/run", b"")
    while (found := orjson.loads(client.get(one).body))["state"] == "running":
        time.sleep(_POLL_SECONDS)
    if found["state"] != "done":
        raise RuntimeError(f"the import ended as {found['state']}: {found}")
    return len(sent.body)


def _raw_import(client: Client, place: Place, turn: int) -> int:
    return len(client.send("POST", "/import", _file(place, turn, ours=False), {"Content-Type": "text/csv"}).body)


def _card(place: Place, turn: int) -> str:
    return record_id("account", busy_account(turn, place.accounts))


WORKS = (
    Work(
        id="W1", label="list: 50 accounts by name", limit=2.5, statements=3,
        ours=_get(lambda _place, _turn: f"{_ACCOUNTS}?{_LISTED}"), raw=_get(lambda _place, _turn: "/list"),
    ),
    Work(
        id="W2", label="the page in the middle, by keyset", limit=2.5, statements=3,
        ours=_get(_next_page), raw=_get(_raw_next_page),
    ),
    Work(
        id="W3", label="part of a name", limit=2, statements=3,
        ours=_get(lambda _place, turn: f"{_ACCOUNTS}?{_LISTED}&q={quote(name_part(turn))}"),
        raw=_get(lambda _place, turn: f"/part?q={quote(name_part(turn))}"),
    ),
    Work(
        id="W3e", label="a whole phone number", limit=4, statements=3,
        ours=_get(lambda place, turn: f"{_CONTACTS}?{_PEOPLE}&q={_phone(place, turn)}"),
        raw=_get(lambda place, turn: f"/point?q={_phone(place, turn)}"),
    ),
    Work(
        id="W4", label="card: account, contacts, 50 events", limit=3, statements=6,
        ours=_get(lambda place, turn: f"{_ACCOUNTS}/{_card(place, turn)}/card"),
        raw=_get(lambda place, turn: f"/card/{busy_account(turn, place.accounts)}"),
    ),
    Work(id="W5", label="create a contact", limit=5, statements=14, ours=_create, raw=_raw_create),
    Work(
        id="W6", label="another owner for 1,000 accounts", limit=3, statements=12,
        ours=_assign, raw=_raw_assign, once=True,
    ),
    Work(
        id="W7", label="import 10,000 contacts", limit=8, statements=100,
        ours=_import, raw=_raw_import, once=True,
    ),
    Work(
        id="L", label="page of the list", limit=8, page=True,
        ours=_get(lambda _place, _turn: "/accounts"), raw=_get(lambda _place, _turn: "/list"),
    ),
    Work(
        id="C", label="page of the card", limit=8, page=True,
        ours=_get(lambda place, turn: f"/accounts/{_card(place, turn)}"),
        raw=_get(lambda place, turn: f"/card/{busy_account(turn, place.accounts)}"),
    ),
)  # fmt: skip
"""All works; pages are asked for with the cookie of a signed-in browser, the others with a token."""
