"""Invented clients: firms, their people, and how they are reached."""



from __future__ import annotations

from random import Random
from typing import Any

from crm_core.service.demo.words import ENGLISH, RUSSIAN, Language

__all__ = ["account", "contact", "language_of"]

_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "e",
            "zh",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "sch",
            "-",
            "y",
            "-",
            "e",
            "yu",
            "ya",
        ],
        strict=True,
    )
)
_WEIGHTS = (2, 4, 10, 3, 5, 9, 4, 6, 8)


def language_of(random: Random) -> Language:
    """Three of four clients are Russian."""
    return RUSSIAN if random.random() < 0.75 else ENGLISH


def account(random: Random, number: int, words: Language) -> dict[str, Any]:
    """Input of a new account; numbers keep the names apart."""
    name, host = _firm(random, number, words)
    city, region, area = random.choice(words.cities)
    russian = words is RUSSIAN
    return {
        "name": name,
        "category": random.choices(("customer", "prospect", "dormant", "former"), (45, 35, 15, 5))[0],
        "industry": random.choice(words.industries),
        "city": city,
        "region": region,
        "country": "Россия" if russian else "United Kingdom",
        "website": f"https://{host}",
        "source": random.choice(words.sources),
        "employees": random.choice((4, 8, 12, 25, 40, 90, 150, 400, 1200)),
        "founded": random.randint(1992, 2024),
        **({"inn": _firm_inn(random)} if russian else {}),
        "phones": [{"value": _phone(random, area, russian)}],
        "emails": [{"value": f"info@{host}"}],
        "addresses": [{"kind": "billing", "city": city, "region": region, "lines": _street(random, russian)}],
        "tags": random.sample(
            ("VIP", "опт", "тендер", "дилер") if russian else ("key account", "wholesale", "tender"),
            random.choice((0, 0, 1)),
        ),
    }


def contact(random: Random, number: int, words: Language, account_id: str, host: str) -> dict[str, Any]:
    """Input of a new contact of an account."""
    first_names, last_names, middle_names = random.choice((words.men, words.women))
    first, last = random.choice(first_names), random.choice(last_names)
    russian = words is RUSSIAN
    mobile = (
        f"+7 9{random.randint(0, 99):02d} 000-{number // 100 % 100:02d}-{number % 100:02d}"
        if russian
        else f"+44 7700 900{number % 1000:03d}"
    )
    return {
        "last_name": last,
        "first_name": first,
        "middle_name": random.choice(middle_names) if middle_names and random.random() < 0.8 else None,
        "account_id": account_id,
        "position": random.choice(words.positions),
        "phones": [{"value": mobile, "label": "mobile"}],
        "emails": [{"value": f"{_latin(first[0])}.{_latin(last)}{number}@{host}"}],
    }


def _firm(random: Random, number: int, words: Language) -> tuple[str, str]:
    first, second = random.choice(words.first_words), random.choice(words.second_words)
    form = random.choice(words.forms)
    host = f"{_latin(first)}-{_latin(second)}-{number}.example"
    if words is RUSSIAN:
        if form == "ИП":
            first_names, last_names, middle_names = random.choice((words.men, words.women))
            return f"ИП {random.choice(last_names)} {random.choice(first_names)} {random.choice(middle_names)}", host
        return f"{form} «{first} {second}»", host
    return f"{first} {second} {form}", host


def _firm_inn(random: Random) -> str:
    digits = [random.randint(1, 9), *(random.randint(0, 9) for _ in range(8))]
    return "".join(map(str, [*digits, sum(w * d for w, d in zip(_WEIGHTS, digits, strict=True)) % 11 % 10]))


def _phone(random: Random, area: str, russian: bool) -> str:
    if russian:
        rest = f"{random.randint(2, 9)}00{random.randint(0, 9999):04d}"[: 10 - len(area)]
        return f"+7 ({area}) {rest}"
    return f"+44 1632 960{random.randint(0, 999):03d}"


def _street(random: Random, russian: bool) -> str:
    if russian:
        return f"ул. {random.choice(('Садовая', 'Заречная', 'Лесная', 'Мира', 'Заводская'))}, {random.randint(1, 120)}"
    return f"{random.randint(1, 120)} {random.choice(('Mill', 'Station', 'Church', 'Park', 'Queen'))} Road"


def _latin(text: str) -> str:
    return "".join(_LATIN.get(char, char) for char in text.lower()).replace("-", "")
