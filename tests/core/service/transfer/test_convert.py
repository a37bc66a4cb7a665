"""Cells become values, or problems that say what is wrong; nothing is reinterpreted silently."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.ru import inn

from crm_core.errors import Problem
from crm_core.service.transfer import Cell, Reading, choice_table, convert, currency_of, split_values, text_of

RUSSIAN = Reading(decimal_mark=",", date_order="dmy", zone=ZoneInfo("Europe/Moscow"))
AMERICAN = Reading(decimal_mark=".", date_order="mdy")
UNSURE = Reading(date_order="ambiguous")


def problem_of(cell: Cell, kind: str, reading: Reading) -> str:
    value = convert(cell, kind, reading)
    assert isinstance(value, Problem), value
    assert str(value.message)
    return value.id


@pytest.mark.parametrize(
    ("cell", "kind", "value"),
    [
        ("1 234,50", "decimal", Decimal("1234.50")),
        ("1\u00a0234\u202f567,5", "decimal", Decimal("1234567.5")),
        ("1.234,5", "decimal", Decimal("1234.5")),
        ("12 000 руб.", "money", Decimal(12000)),
        ("€ 5,20", "money", Decimal("5.20")),
        ("−5,5", "money", Decimal("-5.5")),
        ("(15)", "money", Decimal(-15)),
        ("1 000", "int", 1000),
        (Decimal("7.0"), "int", 7),
        ("01.03.2024", "day", dt.date(2024, 3, 1)),
        ("1.3.24", "day", dt.date(2024, 3, 1)),
        ("31/12/1999", "day", dt.date(1999, 12, 31)),
        ("2024-03-01", "day", dt.date(2024, 3, 1)),
        ("2024-03-01T10:00:00.000Z", "day", dt.date(2024, 3, 1)),
        ("12 марта 2024 г.", "day", dt.date(2024, 3, 12)),
        ("Mar 12, 2024", "day", dt.date(2024, 3, 12)),
        ("12-May-2024", "day", dt.date(2024, 5, 12)),
        ("45631.0", "day", dt.date(2024, 12, 5)),
        (45631, "day", dt.date(2024, 12, 5)),
        (dt.datetime(2024, 3, 1, 5), "day", dt.date(2024, 3, 1)),
        ("01.03.2024 10:00", "instant", dt.datetime(2024, 3, 1, 7, tzinfo=dt.UTC)),
        ("2024-03-01T10:00:00+05:00", "instant", dt.datetime(2024, 3, 1, 5, tzinfo=dt.UTC)),
        ("2024-03-01 10:00:00.25Z", "instant", dt.datetime(2024, 3, 1, 10, 0, 0, 250_000, tzinfo=dt.UTC)),
        (dt.datetime(2024, 3, 1, 10), "instant", dt.datetime(2024, 3, 1, 7, tzinfo=dt.UTC)),
        ("Да", "bool", True),
        ("x", "bool", True),
        ("нет", "bool", False),
        (0, "bool", False),
        ("8 (903) 236-55-44 доб. 12", "phone", "8 (903) 236-55-44 доб. 12"),
        (79031234567, "phone", "79031234567"),
        ("tel:+7-903-1234567", "phone", "+7-903-1234567"),
        ("Anna <anna@example.com>", "email", "anna@example.com"),
        ("почта@пример.рф", "email", "почта@пример.рф"),
        ("www.example.com/a?b=1", "url", "www.example.com/a?b=1"),
        ("важный; срочный, важный", "list", ("важный", "срочный")),
        ("  a\u00a0 b\n", "text", "a b"),
        ("\ufeffa\r\nb\u200b", "longtext", "a\nb"),
        (Decimal("1.50"), "text", "1.50"),
        (1996, "text", "1996"),
        ("7707083893", "inn", "7707083893"),
        (564567891, "inn", "564567891"),
        ("77 07 083893", "inn", "7707083893"),
        (77001001, "kpp", "077001001"),
        ("1 02-77", "ogrn", "10277"),
        ("", "day", None),
        (" \u200b", "money", None),
    ],
)
def test_a_cell_becomes_the_value(cell: Cell, kind: str, value: Any) -> None:
    assert convert(cell, kind, RUSSIAN) == value


@pytest.mark.parametrize(
    ("cell", "kind", "reading", "problem"),
    [
        ("1.5", "decimal", RUSSIAN, "cell.number"),
        ("1,5", "decimal", AMERICAN, "cell.number"),
        ("1,23,4", "decimal", AMERICAN, "cell.number"),
        ("12 34", "decimal", RUSSIAN, "cell.number"),
        ("(5", "money", RUSSIAN, "cell.number"),
        ("nan", "decimal", AMERICAN, "cell.number"),
        (True, "money", AMERICAN, "cell.number"),
        ("1,5", "int", RUSSIAN, "cell.whole_number"),
        ("03/25/2024", "day", RUSSIAN, "cell.date"),
        ("25.03.2024", "day", AMERICAN, "cell.date"),
        ("30.02.2024", "day", RUSSIAN, "cell.date"),
        ("не закрыта", "day", RUSSIAN, "cell.date"),
        ("01.03.2024 25:00", "instant", RUSSIAN, "cell.date"),
        ("123", "day", RUSSIAN, "cell.date"),
        ("01/02/2024", "day", UNSURE, "cell.date_order"),
        ("может быть", "bool", RUSSIAN, "cell.bool"),
        ("anna@", "email", RUSSIAN, "cell.email"),
        ("HomePhone", "phone", RUSSIAN, "cell.phone"),
        ("javascript:alert(1)", "url", RUSSIAN, "cell.url"),
        ("новый", "choice", RUSSIAN, "cell.choice"),
    ],
)
def test_what_does_not_fit_is_a_problem(cell: Cell, kind: str, reading: Reading, problem: str) -> None:
    assert problem_of(cell, kind, reading) == problem


@pytest.mark.parametrize(
    ("cell", "day"),
    [("25/03/2024", 25), ("03/25/2024", 25), ("05/05/2024", 5), ("01.03.2024", 1), ("2024/3/7", 7)],
)
def test_dates_that_can_be_read_in_one_way_need_no_order(cell: str, day: int) -> None:
    value = convert(cell, "day", UNSURE)
    assert isinstance(value, dt.date)
    assert value.day == day


def test_a_choice_is_known_by_code_and_by_label_in_both_languages() -> None:
    table = choice_table([("customer", ["Customer", "Клиент"]), ("former", ["Former", "Ушёл"])])
    reading = Reading(choices=table)
    assert [convert(cell, "choice", reading) for cell in ("customer", " КЛИЕНТ ", "ушел")] == [
        "customer",
        "customer",
        "former",
    ]


def test_a_zero_that_a_spreadsheet_ate_is_given_back_where_the_check_digits_say_so() -> None:
    valid = next(f"02779012{digit:02}" for digit in range(100) if inn.is_valid(f"02779012{digit:02}"))
    assert convert(int(valid), "inn", RUSSIAN) == valid
    assert convert(int(valid) + 1, "inn", RUSSIAN) == str(int(valid) + 1)


def test_several_values_in_a_cell_are_taken_apart() -> None:
    assert split_values("8 903 1112233, +7 495 1; доб. 5", "phone") == ["8 903 1112233", "+7 495 1", "доб. 5"]
    assert split_values("8 903 1112233, доб. 5", "phone") == ["8 903 1112233, доб. 5"]
    assert split_values("a@b.ru c@d.ru;e@f.ru", "email") == ["a@b.ru", "c@d.ru", "e@f.ru"]
    assert split_values(79031112233, "phone") == ["79031112233"]


def test_the_currency_of_an_amount_is_told() -> None:
    assert [currency_of(text) for text in ("5 ₽", "$1,234.50", "10 EUR", "7")] == ["RUB", "USD", "EUR", None]


def test_combining_characters_are_composed() -> None:
    assert text_of("Й".replace("Й", "И\u0306")) == "Й"


@given(
    st.text(max_size=40), st.sampled_from(["int", "money", "day", "instant", "bool", "phone", "email", "url", "list"])
)
def test_no_text_makes_a_conversion_fail(text: str, kind: str) -> None:
    for reading in (RUSSIAN, AMERICAN, UNSURE):
        convert(text, kind, reading)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
def test_a_number_written_with_either_mark_is_read_back(number: Decimal) -> None:
    assert convert(format(number, "f"), "decimal", AMERICAN) == number
    assert convert(format(number, ",f").replace(",", " ").replace(".", ","), "decimal", RUSSIAN) == number
