"""What a vCard says about a person or an organisation, whatever its version."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from crm_core.errors import Problem
from crm_core.service.transfer.person_name import split_full_name

__all__ = ["Card", "CardResult", "Labelled", "Messenger", "PostalAddress"]

_PLACES = ("fax", "cell", "pager", "home", "work", "main", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A phone, e-mail or web address; ``types`` are the words of the standard, ``custom`` the owner's own label."""

    value: str
    types: tuple[str, ...] = ()
    custom: str = ""
    preferred: bool = False

    @property
    def label(self) -> str:
        """The owner's label, or one of mobile, work, home, fax, pager, main, other; empty where nothing is said."""
        place = next((place for place in _PLACES if place in self.types), "")
        return self.custom or {"cell": "mobile"}.get(place, place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Messenger(Labelled):
    """An address in a messenger; ``service`` is its name in lower case, empty where unknown."""

    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress:
    """An address in the seven parts of the standard."""

    po_box: str = ""
    extended: str = ""
    street: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    types: tuple[str, ...] = ()
    custom: str = ""
    preferred: bool = False

    @property
    def lines(self) -> str:
        """Street, building and post box, each on a line of its own."""
        return "\n".join(part for part in (self.street, self.extended, self.po_box) if part)

    def values(self) -> dict[str, str]:
        """The address by the names of the fields of an address, with its label."""
        return {
            "lines": self.lines,
            "city": self.city,
            "region": self.region,
            "postcode": self.postcode,
            "country": self.country,
            "label": self.custom or next(iter(self.types), ""),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One vCard; what is not on it is empty.

    ``birthday`` is a full date; one without a year, or in words, stays text in ``birthday_text``. ``kind`` is
    ``individual``, ``org`` or ``group``. Pictures, sounds and keys are not read.
    """

    kind: str = "individual"
    uid: str = ""
    full_name: str = ""
    last: str = ""
    first: str = ""
    middle: str = ""
    prefix: str = ""
    suffix: str = ""
    nicknames: tuple[str, ...] = ()
    organizations: tuple[tuple[str, ...], ...] = ()
    titles: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    phones: tuple[Labelled, ...] = ()
    emails: tuple[Labelled, ...] = ()
    messengers: tuple[Messenger, ...] = ()
    urls: tuple[Labelled, ...] = ()
    addresses: tuple[PostalAddress, ...] = ()
    birthday: dt.date | None = None
    birthday_text: str = ""
    note: str = ""
    categories: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether it names anybody or says how to reach somebody."""
        parts = (self.full_name, self.last, self.first, self.middle, self.organizations, self.phones, self.emails)
        return any(parts) or bool(self.nicknames)

    def values(self) -> dict[str, Any]:
        """The card by the concepts of ``synonyms``: texts, and for several values lists of ``{value, label …}``.

        A name that is given only as a whole is taken apart.
        """
        name = self.full_name
        last, first, middle, prefix = self.last, self.first, self.middle, self.prefix
        if name and not (last or first or middle) and self.kind == "individual":
            last, first, middle, prefix = split_full_name(name)
        company = self.organizations[0] if self.organizations else ()
        return {
            "external_id": self.uid,
            "full_name": name or " ".join(part for part in (last, first, middle) if part),
            "last_name": last,
            "first_name": first,
            "middle_name": middle,
            "salutation": prefix,
            "account_name": company[0] if company else "",
            "position": next(iter(self.titles or self.roles), ""),
            "phones": [_value(phone) for phone in self.phones],
            "emails": [_value(email) for email in self.emails],
            "messengers": [{**_value(each), "service": each.service} for each in self.messengers],
            "website": self.urls[0].value if self.urls else "",
            "addresses": [each.values() for each in self.addresses],
            "birthday": self.birthday,
            "description": self.note,
            "tags": list(self.categories),
        }


def _value(labelled: Labelled) -> dict[str, Any]:
    return {"value": labelled.value, "label": labelled.label, "is_primary": labelled.preferred}


@dataclass(frozen=True, slots=True, kw_only=True)
class CardResult:
    """What became of one card of a file: ``number`` and ``line`` (where it begins) count from 1.

    Either ``card`` is there, perhaps with warnings about what was mended or left out, or ``problem`` says why not.
    """

    number: int
    line: int
    card: Card | None = None
    problem: Problem | None = None
    warnings: tuple[Problem, ...] = ()
