"""``core.contact``: people; how a name is written, and where they work."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from crm_core.db.bulk import values_list
from crm_core.db.prepared import Prepared
from crm_core.db.types import Id
from crm_core.entity import part as part_rows
from crm_core.entity.descriptor import Choice, Entity, Field, Section
from crm_core.errors import Invalid, Problem
from crm_core.model import Account, Contact
from crm_core.service.client import parts
from crm_core.text import messages

__all__ = ["CONTACT", "full_name"]

_ = messages("core")

STATES = (
    Choice(code="active", label=_("Active"), colour="green"),
    Choice(code="left", label=_("Left the company"), colour="yellow"),
    Choice(code="deceased", label=_("Deceased"), colour="secondary"),
)
CHANNELS = (
    Choice(code="phone", label=_("Phone")),
    Choice(code="email", label=_("E-mail")),
    Choice(code="messenger", label=_("Messenger")),
    Choice(code="post", label=_("Post")),
)

_CYRILLIC = re.compile("[а-яёА-ЯЁ]")


def full_name(last: str | None, first: str | None, middle: str | None) -> str:
    """A person's name in one line: «Фамилия Имя Отчество» in Cyrillic, “First Middle Last” otherwise."""
    cyrillic = _CYRILLIC.search(f"{last or ''}{first or ''}")
    order = (last, first, middle) if cyrillic else (first, middle, last)
    return " ".join(piece for piece in order if piece)


def _prepare(session: Session, rows: Sequence[dict[str, Any]], fresh: bool) -> None:
    for row in rows:
        for name, column in (("emails", "email"), ("phones", "phone")):
            if name in row:
                row[column] = parts.primary(row[name])
    _name(rows)
    _affiliate(session, rows, fresh)


def _name(rows: Sequence[dict[str, Any]]) -> None:
    problems = []
    for position, row in enumerate(rows):
        row["name"] = (
            full_name(row.get("last_name"), row.get("first_name"), row.get("middle_name"))
            or row.get("email")
            or row.get("phone")
        )
        if not row["name"]:
            message = _("Give a name, an e-mail or a phone.")
            problems.append(Problem(id="core.no_name", message=message, field="last_name", row=position))
    if problems:
        raise Invalid(problems)


def _affiliate(session: Session, rows: Sequence[dict[str, Any]], fresh: bool) -> None:
    """Keep ``account_id`` and the main affiliation the same thing, whichever of them was given."""
    stored = {} if fresh else part_rows.load(session, CONTACT, [row["id"] for row in rows], ["affiliations"])
    for row in rows:
        if "affiliations" in row:
            row["account_id"] = _main(row["affiliations"])
            continue
        old = stored.get(row["id"], {}).get("affiliations", [])
        if row.get("account_id") != _main(old):
            row["affiliations"] = _moved(old, row.get("account_id"), row.get("position"))


def _main(items: Sequence[dict[str, Any]]) -> str | None:
    current = [item for item in items if not item.get("until")]
    found = next((item for item in current if item.get("is_primary")), None) or next(iter(current), None)
    return found["account_id"] if found else None


def _moved(old: Sequence[dict[str, Any]], account_id: str | None, position: str | None) -> list[dict[str, Any]]:
    """The affiliations after a move: the former main one ends today, the new one begins."""
    today = date.today()
    main = _main(old)
    kept = [
        {**item, "is_primary": False, "until": today} if item["account_id"] == main and not item.get("until") else item
        for item in old
    ]
    if account_id is None:
        return kept
    return [
        *kept,
        {"account_id": account_id, "position": position, "is_primary": True, "since": today if old else None},
    ]


_ACCOUNTS, _CONTACTS = Account.__table__, Contact.__table__
_FIRST_OF_ONE = Prepared(
    update(_ACCOUNTS)
    .where(_ACCOUNTS.c.id == bindparam("account", type_=Id()), _ACCOUNTS.c.primary_contact_id.is_(None))
    .values(primary_contact_id=bindparam("contact", type_=Id()))
)


def _written(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """An account without a main contact gets the first person who is entered for it."""
    first: dict[str, str] = {}
    for row in rows:
        if row.get("account_id"):
            first.setdefault(row["account_id"], row["id"])
    if not first:
        return
    if len(first) == 1:
        ((account_id, contact_id),) = first.items()
        _FIRST_OF_ONE.run(session, {"account": account_id, "contact": contact_id})
        return
    chosen = _ACCOUNTS.c.id.in_(select(values_list(session, list(first)).c.id))
    mine = _CONTACTS.c.id.in_(select(values_list(session, list(first.values())).c.id))
    value = select(_CONTACTS.c.id).where(_CONTACTS.c.account_id == _ACCOUNTS.c.id, mine).scalar_subquery()
    session.execute(
        update(_ACCOUNTS).where(chosen, _ACCOUNTS.c.primary_contact_id.is_(None)).values(primary_contact_id=value)
    )


CONTACT = Entity(
    id="core.contact",
    model=Contact,
    label=_("Contact"),
    plural=_("Contacts"),
    new_label=_("New contact"),
    icon="user",
    path="contacts",
    order=20,
    sections=(
        Section(name="main", label=_("Main")),
        Section(name="companies", label=_("Companies"), folded=True),
        Section(name="address", label=_("Addresses"), folded=True),
        Section(name="more", label=_("More"), folded=True),
    ),
    fields=(
        Field(
            name="name",
            label=_("Full name"),
            editable=False,
            listed=True,
            aliases=("full name", "фио", "имя контакта"),
        ),
        Field(name="last_name", label=_("Last name"), aliases=("surname", "family name", "фамилия")),
        Field(name="first_name", label=_("First name"), aliases=("given name", "имя")),
        Field(name="middle_name", label=_("Middle name"), aliases=("patronymic", "midname", "отчество")),
        Field(
            name="account_id",
            label=_("Account"),
            ref="core.account",
            listed=True,
            aliases=("company", "компания", "организация"),
        ),
        Field(name="position", label=_("Position"), listed=True, aliases=("title", "job title", "должность")),
        Field(name="phone", label=_("Phone"), kind="phone", editable=False, listed=True),
        Field(name="email", label=_("E-mail"), kind="email", editable=False, listed=True),
        Field(name="state", label=_("State"), choices=STATES),
        Field(name="salutation", label=_("Salutation"), section="more", aliases=("prefix", "обращение")),
        Field(name="birthday", label=_("Birthday"), section="more", aliases=("birth date", "дата рождения")),
        Field(name="language", label=_("Language"), section="more"),
        Field(name="preferred_channel", label=_("Preferred channel"), choices=CHANNELS, section="more"),
        Field(name="do_not_call", label=_("Do not call"), section="more"),
        Field(name="source", label=_("Source"), section="more", aliases=("lead source", "источник")),
        Field(
            name="description",
            label=_("Description"),
            kind="longtext",
            section="more",
            sortable=False,
            aliases=("notes", "comment", "комментарий", "примечание"),
        ),
    ),
    parts=(
        parts.points("phone", "phones", _("Phones"), "contact_id", ("phone", "mobile", "телефон", "мобильный")),
        parts.points("email", "emails", _("E-mails"), "contact_id", ("email", "e-mail", "почта")),
        parts.points("messenger", "messengers", _("Messengers"), "contact_id", ("messenger", "мессенджер", "telegram")),
        parts.affiliations(),
        parts.addresses("contact_id"),
        parts.tags("core.contact"),
    ),
    search=("name", "phones", "emails", "messengers"),
    texts=("description",),
    match=("name", "phones", "emails"),
    rolls_up=("account_id",),
    prepare=_prepare,
    written=_written,
)
