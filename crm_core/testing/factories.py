"""Records for tests, made as quickly as possible: straight into the tables."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from sqlalchemy import insert

from crm_core.access.principal import ACTIONS, Principal
from crm_core.db.base import new_id
from crm_core.model import Account, Contact, User
from crm_core.runtime import Crm
from crm_core.text import fold

__all__ = ["make_accounts", "make_contacts", "make_user"]

_EVERYTHING = MappingProxyType({("*", action): "all" for action in ACTIONS})


def make_user(crm: Crm, login: str = "tester", **fields: Any) -> Principal:
    """A user in the database, as a principal that may do everything."""
    user_id, name = new_id(), str(fields.pop("name", login.title()))
    row = {"id": user_id, "login": login, "name": name, "name_fold": fold(name), "zone": "UTC", **fields}
    with crm.database.lane(), crm.database.write.begin() as connection:
        connection.execute(insert(User).values(row))
    return Principal(
        kind="staff",
        id=user_id,
        user_id=user_id,
        name=name,
        team_id=row.get("team_id"),
        grants=_EVERYTHING,  # type: ignore[arg-type]
        permissions=frozenset({"*"}),
    )


def make_accounts(crm: Crm, count: int = 1, **fields: Any) -> list[str]:
    """Accounts called «Account 1», «Account 2» …; gives their ids."""
    return _insert(crm, Account, "Account", count, fields)


def make_contacts(crm: Crm, count: int = 1, **fields: Any) -> list[str]:
    """Contacts called «Contact 1», «Contact 2» …; gives their ids."""
    return _insert(crm, Contact, "Contact", count, fields)


def _insert(crm: Crm, model: type[Account | Contact], noun: str, count: int, fields: dict[str, Any]) -> list[str]:
    rows = []
    for number in range(1, count + 1):
        name = f"{noun} {number}"
        rows.append({"id": new_id(), "name": name, "name_fold": fold(name), **fields})
    with crm.database.lane(), crm.database.write.begin() as connection:
        connection.execute(insert(model), rows)
    return [row["id"] for row in rows]
