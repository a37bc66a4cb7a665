"""Normal forms of phones: the quick way says what the library says."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.entity.point import normal_phone

CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
NATIONAL = st.text("0123456789", min_size=4, max_size=13)


def by_library(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CODES), NATIONAL, st.sampled_from(["", " ", "-", " (", "."]), st.integers(1, 12))
def test_a_number_with_a_country_code_is_read_as_the_library_reads_it(
    code: int, national: str, between: str, place: int
) -> None:
    text = f"+{code}{between}{national[:place]} {national[place:]}"
    assert normal_phone(text) == by_library(text)


@pytest.mark.parametrize(
    ("written", "norm"),
    [
        ("+7 (903) 236-55-44", "+79032365544"),
        ("8 903 236 55 44", "+79032365544"),
        ("+49 (0) 30 1234567", by_library("+49 (0) 30 1234567")),
        ("+39 06 1234 5678", "+390612345678"),
        ("+44 20 7946 0958", "+442079460958"),
        ("+7 903", None),
        ("+999 123456", None),
    ],
)
def test_numbers_as_people_write_them(written: str, norm: str | None) -> None:
    assert normal_phone(written) == norm
