"""Full names are taken apart in the orders in which people write them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.service.transfer import split_full_name


@pytest.mark.parametrize(
    ("text", "last", "first", "middle"),
    [
        ("Иванов Пётр Сергеевич", "Иванов", "Пётр", "Сергеевич"),
        ("Пётр Сергеевич Иванов", "Иванов", "Пётр", "Сергеевич"),
        ("ИВАНОВА АННА ИЛЬИНИЧНА", "ИВАНОВА", "АННА", "ИЛЬИНИЧНА"),
        ("Антон Павлович Рабинович", "Рабинович", "Антон", "Павлович"),
        ("Рабинович Антон Павлович", "Рабинович", "Антон", "Павлович"),
        ("Алиев Вагиф Гасан оглы", "Алиев", "Вагиф", "Гасан оглы"),
        ("Вагиф Гасан оглы Алиев", "Алиев", "Вагиф", "Гасан оглы"),
        ("Алиева Лейла Гасан-кызы", "Алиева", "Лейла", "Гасан-кызы"),
        ("Ким Чен Ын", "Ким", "Чен", "Ын"),
        ("Салтыков-Щедрин Михаил Евграфович", "Салтыков-Щедрин", "Михаил", "Евграфович"),
        ("Иванов И. И.", "Иванов", "И.", "И."),
        ("Иванов И.И.", "Иванов", "И.", "И."),
        ("И. И. Иванов", "Иванов", "И.", "И."),
        ("И.И. Иванов", "Иванов", "И.", "И."),
        ("Иванов И.", "Иванов", "И.", ""),
        ("Иванов Иван", "Иванов", "Иван", ""),
        ("Иван Иванов", "Иванов", "Иван", ""),
        ("Ольга Кузнецова", "Кузнецова", "Ольга", ""),
        ("Марина Цой", "Цой", "Марина", ""),
        ("Семён Абрамыч", "Абрамыч", "Семён", ""),
        ("Иван Петрович", "", "Иван", "Петрович"),
        ("Елисей Хачатурян", "Хачатурян", "Елисей", ""),
        ("Хачатурян Елисей", "Хачатурян", "Елисей", ""),
        ("Ольга", "", "Ольга", ""),
        ("Петров", "Петров", "", ""),
        ("John Smith", "Smith", "John", ""),
        ("John Ronald Reuel Tolkien", "Tolkien", "John", "Ronald Reuel"),
        ("Smith, John", "Smith", "John", ""),
        ("Doe, John Richter James", "Doe", "John", "Richter James"),
        ("Ludwig van Beethoven", "van Beethoven", "Ludwig", ""),
        ("John Smith Jr.", "Smith Jr.", "John", ""),
        ("Ivan Ivanovich Ivanov", "Ivanov", "Ivan", "Ivanovich"),
        ("Ivanov Ivan Ivanovich", "Ivanov", "Ivan", "Ivanovich"),
        ("George W. Bush", "Bush", "George", "W."),
        ("J. R. R. Tolkien", "Tolkien", "J.", "R. R."),
        ("  ", "", "", ""),
    ],
)
def test_a_name_is_taken_apart(text: str, last: str, first: str, middle: str) -> None:
    assert split_full_name(text)[:3] == (last, first, middle)


def test_the_form_of_address_is_kept_apart() -> None:
    assert split_full_name("Mr. John Doe") == ("Doe", "John", "", "Mr.")
    assert split_full_name("г-н Иванов Иван") == ("Иванов", "Иван", "", "г-н")


@given(st.lists(st.text("абвИОичн.-aB", min_size=1, max_size=12), max_size=5))
def test_no_word_of_a_name_is_lost(words: list[str]) -> None:
    name = split_full_name(" ".join(words))
    assert sorted("".join(name).replace(" ", "")) == sorted("".join(words))


def test_real_names_are_taken_apart_in_both_orders(shared: Path) -> None:
    with (shared / "russian_csv_encodings" / "people_cases.expected_utf8.csv").open(encoding="utf-8") as file:
        people = [(row["lastname"], row["firstname"], row["midname"]) for row in csv.DictReader(file)]
    whole = [person for person in people if all(person)]
    assert len(whole) >= 5
    for last, first, middle in whole:
        assert split_full_name(f"{last} {first} {middle}")[:3] == (last, first, middle)
        assert split_full_name(f"{first} {middle} {last}")[:3] == (last, first, middle)


@pytest.mark.parametrize("text", ["Smith ..", "Smith -.", "..", "И. .."])
def test_a_lone_stop_is_no_initial(text: str) -> None:
    name = split_full_name(text)
    assert sorted(" ".join((name.salutation, *name[:3])).split()) == sorted(text.split())
