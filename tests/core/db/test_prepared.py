"""Kept statements give what SQLAlchemy gives, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import bindparam, func, literal_column, or_, select, text, update

from crm_core.access.principal import Principal
from crm_core.db.prepared import Prepared
from crm_core.db.types import Id, Money
from crm_core.model import Account, Contact
from crm_core.runtime import Crm
from crm_core.testing.factories import make_accounts, make_contacts
from crm_core.testing.statements import Statements

ACCOUNTS, CONTACTS = Account.__table__, Contact.__table__
BORN = date(1980, 2, 29)


@pytest.fixture
def account(crm: Crm) -> str:
    (made,) = make_accounts(crm, 1, revenue=Decimal("12.5"), custom={"a": [1]}, city="50 %")
    make_contacts(crm, 1, birthday=BORN, do_not_call=True, account_id=made)
    return made


def test_values_have_their_types_in_both_directions(crm: Crm, actor: Principal, account: str) -> None:
    columns = [ACCOUNTS.c[name] for name in ("id", "revenue", "custom", "created_at", "deleted_at", "version")]
    statement = select(*columns).where(
        ACCOUNTS.c.id == bindparam("id", type_=Id()),
        ACCOUNTS.c.revenue == bindparam("revenue", type_=Money()),
        ACCOUNTS.c.created_at <= bindparam("until", type_=ACCOUNTS.c.created_at.type),
    )
    values = {"id": account, "revenue": Decimal("12.5"), "until": datetime.now(UTC)}
    with crm.reading(actor) as session:
        (row,) = Prepared(statement).rows(session, values)
        assert tuple(row) == tuple(session.execute(statement, values).one())
    assert tuple(row[:3]) == (account, Decimal("12.5"), {"a": [1]})


def test_days_and_truth_values_too(crm: Crm, actor: Principal, account: str) -> None:
    statement = select(CONTACTS.c.birthday, CONTACTS.c.do_not_call).where(
        CONTACTS.c.birthday == bindparam("day", type_=CONTACTS.c.birthday.type), CONTACTS.c.do_not_call
    )
    with crm.reading(actor) as session:
        (row,) = Prepared(statement).rows(session, {"day": BORN})
    assert (row[0], row[1]) == (BORN, True)
    assert row[1] is True


def test_constants_and_signs_of_percent_stay_what_they_are(crm: Crm, actor: Principal, account: str) -> None:
    statement = select(ACCOUNTS.c.city, literal_column("'100 %'"), text("'5 %'")).where(
        ACCOUNTS.c.kind == "organisation",
        or_(ACCOUNTS.c.city.like("50 %"), ACCOUNTS.c.id == bindparam("id", type_=Id())),
    )
    with crm.reading(actor) as session:
        prepared = Prepared(statement)
        for _time in range(2):
            assert [tuple(row) for row in prepared.rows(session, {"id": account, "unknown": 1})] == [
                ("50 %", "100 %", "5 %")
            ]


def test_a_missing_value_is_an_error(crm: Crm, actor: Principal) -> None:
    with crm.reading(actor) as session, pytest.raises(KeyError):
        Prepared(select(ACCOUNTS.c.id).where(ACCOUNTS.c.id == bindparam("id", type_=Id()))).rows(session, {})


def test_lists_of_any_length_are_bound_as_usual(crm: Crm, actor: Principal, account: str) -> None:
    prepared = Prepared(select(ACCOUNTS.c.id).where(ACCOUNTS.c.id.in_(bindparam("ids", type_=Id(), expanding=True))))
    with crm.reading(actor) as session:
        assert [len(prepared.rows(session, {"ids": ids})) for ids in ([], [account], [account, account])] == [0, 1, 1]


def test_changes_are_counted(crm: Crm, actor: Principal, account: str) -> None:
    change = Prepared(
        update(ACCOUNTS).where(ACCOUNTS.c.id == bindparam("one", type_=Id())).values(city=bindparam("place"))
    )
    with crm.writing(actor) as session:
        assert change.run(session, {"one": account, "place": "Тверь"}) == 1
        assert session.execute(select(func.count()).where(ACCOUNTS.c.city == "Тверь")).scalar_one() == 1


def test_it_is_seen_by_those_who_count_statements(
    crm: Crm, actor: Principal, count_statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    with crm.reading(actor) as session, count_statements() as seen:
        Prepared(select(ACCOUNTS.c.id)).rows(session, {})
    assert len(seen) == 1
