"""The rows of our tables for a firm, in the form in which both databases store them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.firm import USERS, Firm, instant, record_id
from crm_core.entity.search_row import row_of
from crm_core.service.client.account import ACCOUNT
from crm_core.service.client.contact import CONTACT, full_name
from crm_core.text import fold

__all__ = ["ROLE", "TABLES"]

Rows = Iterator[Sequence[Any]]
ROLE = "benchmark"
_TEAMS = ("North", "South", "West")


def _teams(_firm: Firm) -> Rows:
    for number, name in enumerate(_TEAMS, 1):
        key = record_id("team", number)
        yield key, name, f"/{key}/", True


def _users(firm: Firm) -> Rows:
    for user in firm.users():
        yield (
            record_id("user", user.number), f"user{user.number}", user.name, fold(user.name), user.email,
            _team(user.number), "en", "UTC", True, "{}", instant(0), 1,
        )  # fmt: skip


def _members(_firm: Firm) -> Rows:
    return ((_team(number), record_id("user", number), False) for number in range(1, USERS + 1))


def _roles(_firm: Firm) -> Rows:
    yield record_id("role", 1), ROLE, '{"en": "Benchmark"}', '["*"]', False


def _grants(_firm: Firm) -> Rows:
    for action in ("view", "create", "edit", "delete", "export", "assign"):
        yield record_id("role", 1), "*", action, "all"


def _user_roles(_firm: Firm) -> Rows:
    yield record_id("user", 1), record_id("role", 1)


def _team(user: int) -> str:
    return record_id("team", user % len(_TEAMS) + 1)


def _accounts(firm: Firm) -> Rows:
    for client in firm.clients():
        owner, phone = record_id("user", client.owner), client.phone.replace(" ", "")
        yield (
            record_id("account", client.number), client.name, fold(client.name), "organisation", "prospect",
            client.email, phone, client.city, record_id("contact", 2 * client.number - 1), owner, _team(client.owner),
            client.created, client.created, 1, "{}",
        )  # fmt: skip


def _contacts(firm: Firm) -> Rows:
    owners = [0, *(client.owner for client in firm.clients())]
    for person in firm.people():
        owner = owners[person.account]
        name = full_name(person.last, person.first, None)
        yield (
            record_id("contact", person.number), name, fold(name), person.last, person.first,
            person.email, person.phone.replace(" ", ""), record_id("account", person.account), "active", False,
            record_id("user", owner), _team(owner), person.created, person.created, 1, "{}",
        )  # fmt: skip


def _affiliations(firm: Firm) -> Rows:
    for number in range(1, 2 * firm.accounts + 1):
        account = record_id("account", (number + 1) // 2)
        yield record_id("affiliation", number), record_id("contact", number), account, True


def _points(firm: Firm) -> Rows:
    for client in firm.clients():
        holder = record_id("account", client.number), None
        yield from _two_points(client.number, holder, client.phone, client.email)
    for person in firm.people():
        yield from _two_points(
            firm.accounts + person.number, (None, record_id("contact", person.number)), person.phone, person.email
        )


def _two_points(number: int, holder: tuple[str | None, str | None], phone: str, email: str) -> Rows:
    first, second = record_id("point", 2 * number - 1), record_id("point", 2 * number)
    yield first, *holder, "phone", phone, phone.replace(" ", ""), True, False, False, 0
    yield second, *holder, "email", email, email.lower(), True, False, False, 0


def _history(firm: Firm) -> Rows:
    names = ["", *(client.name for client in firm.clients())]
    for event in firm.events():
        yield (
            record_id("event", event.number), "core.account", record_id("account", event.account),
            names[event.account], f"core.{event.kind}", event.body, 2, event.at, event.at,
            record_id("user", event.user), 1,
        )  # fmt: skip


def _links(firm: Firm) -> Rows:
    for event in firm.events():
        key = record_id("event", event.number)
        yield "core.account", record_id("account", event.account), event.at, key
        yield "core.contact", record_id("contact", event.contact), event.at, key


def _search(firm: Firm) -> Rows:
    number = 0
    for client in firm.clients():
        number += 1
        points = {"phones": [{"norm": client.phone.replace(" ", "")}], "emails": [{"norm": client.email.lower()}]}
        values = {"name": client.name, "city": client.city, **points}
        yield number, *row_of(ACCOUNT, record_id("account", client.number), values).values()
    for person in firm.people():
        number += 1
        points = {"phones": [{"norm": person.phone.replace(" ", "")}], "emails": [{"norm": person.email.lower()}]}
        values = {"name": full_name(person.last, person.first, None), **points}
        yield number, *row_of(CONTACT, record_id("contact", person.number), values).values()


TABLES = (
    ("core_team", "id name path is_active", _teams),
    (
        "core_user",
        "id login name name_fold email team_id language zone is_active preferences created_at version",
        _users,
    ),
    ("core_team_member", "team_id user_id is_head", _members),
    ("core_role", "id key name permissions is_builtin", _roles),
    ("core_role_grant", "role_id entity action scope", _grants),
    ("core_user_role", "user_id role_id", _user_roles),
    (
        "core_account",
        "id name name_fold kind category email phone city primary_contact_id owner_id team_id "
        "created_at updated_at version custom",
        _accounts,
    ),
    (
        "core_contact",
        "id name name_fold last_name first_name email phone account_id state do_not_call owner_id team_id "
        "created_at updated_at version custom",
        _contacts,
    ),
    ("core_affiliation", "id contact_id account_id is_primary", _affiliations),
    ("core_contact_point", "id account_id contact_id kind value norm is_primary opt_out invalid position", _points),
    (
        "core_history",
        "id entity record_id label kind body importance occurred_at created_at actor_id version",
        _history,
    ),
    ("core_history_link", "entity record_id occurred_at history_id", _links),
    ("core_search", "id entity record_id names stems payload_hash", _search),
)
"""What is loaded: the table, its columns, and where its rows come from; in the order of the references."""
