"""Numbers, money, days and moments as English and Russian readers write them, and lines as they type them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from crm_web.formats import Formats
from crm_web.views.quick_add import read_line
from crm_web.views.record.values import form_text, number_text

MOMENT = datetime(2026, 11, 24, 21, 30, tzinfo=UTC)


@pytest.fixture
def english() -> Formats:
    return Formats("en", "Europe/London", "just now")


@pytest.fixture
def russian() -> Formats:
    return Formats("ru", "Asia/Vladivostok", "только что")


def test_an_instant_is_shown_in_the_zone_of_the_reader(english: Formats, russian: Formats) -> None:
    assert english.instant(MOMENT) == "24 Nov 2026, 21:30"
    assert russian.instant(MOMENT) == "25.11.2026, 07:30"


def test_a_day_stays_on_its_day_in_every_zone(english: Formats, russian: Formats) -> None:
    assert english.day(date(2026, 3, 1)) == "1 Mar 2026"
    assert russian.day(date(2026, 3, 1)) == "01.03.2026"


def test_money_keeps_its_currency_and_never_breaks(russian: Formats, english: Formats) -> None:
    assert russian.money(Decimal("1234.5"), "RUB") == "1\u00a0234,50\u00a0₽"
    assert english.money(Decimal("-1234.5"), "USD") == "-$1,234.50"
    assert russian.money(Decimal(500), "JPY") == "500\u00a0¥"


def test_numbers_are_grouped(russian: Formats, english: Formats) -> None:
    assert russian.number(1234567) == "1\u00a0234\u00a0567"
    assert english.number(Decimal("1234.50")) == "1,234.50"


@pytest.mark.parametrize(
    ("back", "words"),
    [(10, "только что"), (130, "2 минуты назад"), (3600 * 5, "5 часов назад"), (86400 * 21, "3 недели назад")],
)
def test_the_past_is_told_in_words(russian: Formats, back: int, words: str) -> None:
    assert russian.ago(datetime.now(UTC) - timedelta(seconds=back)) == words


def test_nothing_is_an_empty_text(english: Formats) -> None:
    assert {english.day(None), english.instant(None), english.ago(None), english.money(None), english.number(None)} == {
        ""
    }


def test_an_unknown_zone_falls_back_to_utc() -> None:
    assert Formats("en", "Mars/Olympus", "").instant(MOMENT) == "24 Nov 2026, 21:30"


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("1 234,50", "1234.50"),
        ("1\u00a0234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1234", "1234"),
        ("12,5", "12.5"),
        ("twelve", "twelve"),
    ],
)
def test_numbers_are_understood_as_people_type_them(typed: str, plain: str) -> None:
    assert number_text(typed) == plain


def test_a_form_shows_numbers_without_idle_zeros() -> None:
    assert form_text(Decimal("1500.0000"), "money", "UTC") == "1500"
    assert form_text(Decimal("0.50"), "money", "UTC") == "0.5"
    assert form_text(MOMENT, "instant", "Europe/Moscow") == "2026-11-25T00:30"


def test_a_line_is_read_piece_by_piece() -> None:
    found = read_line("8 (903) 236-55-44; Anna@Romashka.example, 7707083893, romashka.example, ООО «Ромашка», Казань")
    assert [item["value"] for item in found["phones"]] == ["8 (903) 236-55-44"]
    assert [item["value"] for item in found["emails"]] == ["Anna@Romashka.example"]
    assert found["inn"] == "7707083893"
    assert found["website"] == "romashka.example"
    assert found["rest"] == "ООО «Ромашка», Казань"
