"""The firm's settings, legal entities, rates and number series, on both databases."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.access.principal import Principal, system
from crm_core.db.base import new_id
from crm_core.errors import Invalid, NotAllowed, NotFound
from crm_core.model import Audit
from crm_core.runtime import Crm
from crm_core.service import firm

NOBODY = Principal(kind="staff", id=new_id(), user_id=new_id())


@pytest.fixture
def actor() -> Principal:
    """The program itself, which may administer."""
    return system("test")


def fields_of(refusal: pytest.ExceptionInfo[Invalid]) -> set[str | None]:
    return {problem.field for problem in refusal.value.problems}


def test_what_nobody_has_set_has_its_default(session: Session) -> None:
    found = firm.firm(session)
    assert (found["base_currency"], found["country"], found["idle_minutes"]) == ("RUB", "RU", 480)
    assert found["languages"] == ["en", "ru"]


def test_settings_are_kept_and_written_into_the_audit(session: Session) -> None:
    firm.save_firm(session, {"firm_name": " ООО «Ромашка» ", "zone": "Asia/Yekaterinburg", "idle_minutes": 60})
    firm.save_firm(session, {"firm_name": "Ромашка"})
    found = firm.firm(session)
    assert (found["firm_name"], found["zone"], found["idle_minutes"]) == ("Ромашка", "Asia/Yekaterinburg", 60)
    table = Audit.__table__
    changes = session.execute(select(table.c.changes).where(table.c.entity == "core.firm").order_by(table.c.id))
    assert [row["firm_name"] for row in changes.scalars()] == [["", "ООО «Ромашка»"], ["ООО «Ромашка»", "Ромашка"]]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_currency", "XXQ"),
        ("base_currency", ""),
        ("zone", "Europe/Nowhere"),
        ("zone", "../../etc/passwd"),
        ("country", "Q9"),
        ("languages", []),
        ("languages", ["tlh"]),
        ("idle_minutes", 1),
        ("idle_minutes", "soon"),
        ("firm_name", "\x00"),
        ("secret_key", "x"),
    ],
)
def test_a_wrong_setting_is_refused_at_its_field(session: Session, field: str, value: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        firm.save_firm(session, {field: value})
    assert {str(name).partition(".")[0] for name in fields_of(refusal)} == {field}


def test_the_base_currency_is_free_until_a_rate_is_known(session: Session) -> None:
    firm.save_firm(session, {"base_currency": "EUR"})
    firm.set_rate(session, "USD", date(2026, 3, 1), Decimal("0.92"))
    firm.save_firm(session, {"base_currency": "EUR"})
    with pytest.raises(Invalid) as refusal:
        firm.save_firm(session, {"base_currency": "RUB"})
    assert fields_of(refusal) == {"base_currency"}


def test_registration_numbers_are_checked_and_kept_in_their_normal_form(session: Session) -> None:
    entity_id = firm.create_legal_entity(
        session, {"name": "Ромашка", "inn": "77 0708 3893", "kpp": "773601001", "ogrn": "1027700132195"}
    )
    found = firm.legal_entity(session, entity_id)
    assert (found["inn"], found["kpp"], found["ogrn"], found["country"]) == (
        "7707083893",
        "773601001",
        "1027700132195",
        "RU",
    )


def test_all_wrong_registration_numbers_are_told_at_once(session: Session) -> None:
    numbers = {"inn": "7707083890", "kpp": "12", "ogrn": "1027700132190", "vat": "DE1"}
    with pytest.raises(Invalid) as refusal:
        firm.create_legal_entity(session, {"name": "x", **numbers})
    assert fields_of(refusal) == set(numbers)


def test_a_closed_legal_entity_is_no_longer_offered(session: Session) -> None:
    entity_id = firm.create_legal_entity(session, {"name": "Old"})
    firm.update_legal_entity(session, entity_id, {"is_active": False})
    assert firm.legal_entities(session) == []
    assert [row["name"] for row in firm.legal_entities(session, closed=True)] == ["Old"]


@pytest.mark.parametrize("key", ["0199a0de-0000-7000-8000-000000000000", "1", ""])
def test_an_unknown_legal_entity_is_not_found(session: Session, key: str) -> None:
    with pytest.raises(NotFound):
        firm.update_legal_entity(session, key, {"name": "x"})


def test_the_last_rate_before_a_day_holds_on_it(session: Session) -> None:
    firm.set_rate(session, "USD", "2026-03-01", "91.5")
    firm.set_rate(session, "USD", "2026-03-05", Decimal("92.123456"))
    firm.set_rate(session, "USD", "2026-03-05", Decimal("93"))
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 4), date(2026, 3, 5), date(2027, 1, 1)]
    assert [firm.rate_on(session, "USD", day) for day in days] == [
        None, Decimal("91.5"), Decimal("91.5"), Decimal(93), Decimal(93),
    ]  # fmt: skip
    assert firm.rate_on(session, "RUB", days[0]) == 1
    assert [row["rate"] for row in firm.rates(session, "USD")] == [Decimal(93), Decimal("91.5")]
    firm.delete_rate(session, "USD", date(2026, 3, 5))
    assert firm.rate_on(session, "USD", days[4]) == Decimal("91.5")
    with pytest.raises(NotFound):
        firm.delete_rate(session, "USD", date(2026, 3, 5))


@pytest.mark.parametrize(
    ("code", "day", "rate", "field"),
    [
        ("RUB", "2026-03-01", "2", "currency"),
        ("???", "2026-03-01", "2", "currency"),
        ("USD", "yesterday", "2", "day"),
        ("USD", "2026-03-01", "0", "rate"),
        ("USD", "2026-03-01", "-1", "rate"),
        ("USD", "2026-03-01", "NaN", "rate"),
        ("USD", "2026-03-01", "9999999999", "rate"),
    ],
)
def test_a_wrong_rate_is_refused_at_its_field(session: Session, code: str, day: str, rate: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        firm.set_rate(session, code, day, rate)
    assert fields_of(refusal) == {field}


def test_numbers_follow_each_other_apart_for_each_series_entity_and_period(session: Session) -> None:
    assert [firm.next_number(session, "quote") for _ in range(3)] == ["00001", "00002", "00003"]
    assert firm.next_number(session, "quote", legal_entity="a") == "00001"
    firm.define_series(session, "quote", "Q-{period}-{n:03d}", legal_entity="a", period="2026", start=40)
    assert firm.next_number(session, "quote", "a", "2026") == "Q-2026-040"
    assert firm.next_number(session, "quote", "a", "2027") == "Q-2027-001"
    assert firm.next_number(session, "quote") == "00004"


def test_a_number_that_was_given_is_not_given_again(session: Session) -> None:
    firm.define_series(session, "order", "{n}", start=5)
    firm.next_number(session, "order")
    with pytest.raises(Invalid) as refusal:
        firm.define_series(session, "order", "{n}", start=5)
    assert fields_of(refusal) == {"start"}


@pytest.mark.parametrize(
    "pattern", ["", "A", "{n}{n}", "{n.__class__}", "{x}{n}", "{n:9999d}", "{n!r}", "{0}", "{n}" + "x" * 60, "{{n}}"]
)
def test_a_pattern_reaches_nothing_but_number_and_period(session: Session, pattern: str) -> None:
    with pytest.raises(Invalid):
        firm.define_series(session, "order", pattern)


def test_a_transaction_that_fails_gives_its_number_back(crm: Crm, actor: Principal) -> None:
    def take_and_fail() -> None:
        with crm.writing(actor) as session:
            firm.next_number(session, "invoice")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take_and_fail()
    with crm.writing(actor) as session:
        assert firm.next_number(session, "invoice") == "00001"


def test_two_at_once_get_different_numbers_without_a_gap(crm: Crm, actor: Principal) -> None:
    given: list[str] = []

    def take() -> None:
        for _ in range(10):
            with crm.writing(actor) as session:
                given.append(firm.next_number(session, "invoice"))

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == [f"{n:05d}" for n in range(1, 31)]


def test_only_administrators_change_anything(crm: Crm) -> None:
    with crm.writing(NOBODY) as session:
        for attempt in (
            lambda: firm.save_firm(session, {"firm_name": "x"}),
            lambda: firm.create_legal_entity(session, {"name": "x"}),
            lambda: firm.update_legal_entity(session, new_id(), {"name": "x"}),
            lambda: firm.set_rate(session, "USD", date(2026, 1, 1), "1"),
            lambda: firm.delete_rate(session, "USD", date(2026, 1, 1)),
            lambda: firm.define_series(session, "quote", "{n}"),
        ):
            with pytest.raises(NotAllowed):
                attempt()
    with crm.reading(NOBODY) as session:
        assert session.execute(select(func.count()).select_from(Audit.__table__)).scalar() == 0
