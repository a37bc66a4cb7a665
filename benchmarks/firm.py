"""The firm that is measured: the same people, clients and events for everybody, made from row numbers alone.

Row ``n`` of a table has the id ``record_id(kind, n)``, so that a measurement knows which records exist
without asking. Every tenth account has 55 events and the others have 5: the last fifty exist on a known tenth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple, Protocol

__all__ = [
    "USERS",
    "Client",
    "Event",
    "Firm",
    "MadeUp",
    "Person",
    "User",
    "busy_account",
    "events_of",
    "instant",
    "name_part",
    "record_id",
    "some_contact",
]

USERS = 20
_KINDS = {"user": 1, "team": 2, "account": 3, "contact": 4, "event": 5, "point": 6, "affiliation": 7, "role": 8}
_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
_EPOCH_MS = int(_EPOCH.timestamp() * 1000)

_STEMS, _TRADES, _FORMS, _FIRST, _LAST, _CITIES = (
    words.split()
    for words in (
        "Север Альфа Вектор Сталь Терра Омега Вера Нова Луч Бриг Кора Дельта Орион Поляр Рапид Солис "
        "Nord Blue Iron Silva Kilo Luma Tempo Ultra Vega West Xeno Argo Fjord Grano Helio Ember",
        "строй свет мебель металл опт бумага медиа логист текстиль энерго фарма мотор tech soft works build",
        "ООО АО ИП ПАО GmbH Ltd Inc Oy",
        "Анна Борис Вера Глеб Дарья Егор Жанна Захар Ирина Кирилл Лидия Максим Anna Ben Clara David",
        "Королёв Соловьёв Кузнецов Смирнов Попов Лебедев Козлов Новиков Морозов Петров Волков Зайцев "
        "Meyer Schmidt Rossi Dubois Nowak Jensen Garcia Silva",
        "Москва Казань Самара Тверь Пермь Омск Уфа Сочи Berlin Paris Milan Vienna Prague Oslo Lisbon Madrid",
    )
)
_TALKS = ("call", "email", "meeting", "note", "letter")


class User(NamedTuple):
    """Somebody of the staff."""

    number: int
    name: str
    email: str


class Client(NamedTuple):
    """An account; ``owner`` is the number of a user."""

    number: int
    name: str
    owner: int
    email: str
    phone: str
    city: str
    created: str


class Person(NamedTuple):
    """A contact; ``account`` is a number, ``primary`` says that the account names this one first."""

    number: int
    account: int
    primary: bool
    first: str
    last: str
    email: str
    phone: str
    created: str


class Event(NamedTuple):
    """Something that happened with an account and one of its people; ``kind`` is call, email, meeting, note, letter."""

    number: int
    account: int
    contact: int
    user: int
    kind: str
    body: str
    at: str


class Firm(Protocol):
    """Where the rows come from, each kind in the order of its numbers from 1."""

    @property
    def accounts(self) -> int:
        """How many accounts there are."""

    def users(self) -> Iterator[User]:
        """The staff, ``USERS`` of them."""

    def clients(self) -> Iterator[Client]:
        """The accounts."""

    def people(self) -> Iterator[Person]:
        """The contacts: two for each account, ``2n - 1`` and ``2n``."""

    def events(self) -> Iterator[Event]:
        """The history, account by account."""


def record_id(kind: str, number: int) -> str:
    """The id of row ``number``: a UUIDv7 whose last twelve digits are the number, so that SQL can read it."""
    stamp = f"{_EPOCH_MS + number:012x}"
    return f"{stamp[:8]}-{stamp[8:]}-7{_KINDS[kind]:03x}-8000-{number:012d}"


def instant(seconds: float) -> str:
    """A moment after the epoch of the data, as both databases take it."""
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def events_of(account: int) -> int:
    """How many events an account has."""
    return 55 if account % 10 == 0 else 5


def busy_account(turn: int, accounts: int) -> int:
    """One of the accounts with more than fifty events, another one each turn."""
    return (turn * 7919 % (accounts // 10)) * 10 + 10


def some_contact(turn: int, accounts: int) -> int:
    """The number of a contact, another one each turn."""
    return turn * 104729 % (2 * accounts) + 1


def name_part(turn: int) -> str:
    """A part of many account names, lower case; another one each turn."""
    return _STEMS[turn % len(_STEMS)].lower() + _TRADES[(turn // len(_STEMS)) % len(_TRADES)]


@dataclass(frozen=True, slots=True)
class MadeUp:
    """A made-up firm of a given number of accounts, the same one each time; Russian and Latin names."""

    accounts: int

    def users(self) -> Iterator[User]:
        for number in range(1, USERS + 1):
            name = f"{_FIRST[number % len(_FIRST)]} {_LAST[number % len(_LAST)]}"
            yield User(number, name, f"user{number}@crm.example.com")

    def clients(self) -> Iterator[Client]:
        random = Random(1)
        for number in range(1, self.accounts + 1):
            name = f"{random.choice(_STEMS)}{random.choice(_TRADES)} {random.choice(_FORMS)} {number:06d}"
            owner, city = random.randint(1, USERS), random.choice(_CITIES)
            host = f"a{number}.example.com"
            yield Client(number, name, owner, f"office@{host}", f"+49 30 {number:07d}", city, instant(number * 60))

    def people(self) -> Iterator[Person]:
        random = Random(2)
        for number in range(1, 2 * self.accounts + 1):
            first, last = random.choice(_FIRST), random.choice(_LAST)
            email, phone = f"person.{number}@example.com", f"+49 171 {number:07d}"
            account, primary = (number + 1) // 2, number % 2 == 1
            yield Person(number, account, primary, first, last, email, phone, instant(number * 60))

    def events(self) -> Iterator[Event]:
        random, number = Random(3), 0
        for account in range(1, self.accounts + 1):
            for turn in range(events_of(account)):
                number += 1
                body = (
                    f"{random.choice(_FIRST)} discussed {random.choice(_STEMS)}{random.choice(_TRADES)}: "
                    f"offer {number}, next step agreed, see minutes of the visit to {random.choice(_CITIES)}."
                )
                contact, user = 2 * account - (turn & 1), random.randint(1, USERS)
                yield Event(number, account, contact, user, random.choice(_TALKS), body, instant(number * 50))
