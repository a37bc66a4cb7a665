"""Lists: every record once, in order, whatever the paging; filters and search say what they find."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crm_core.access.principal import Principal
from crm_core.entity.query import count, matching_ids, query
from crm_core.entity.schema import load_input
from crm_core.entity.view import View, parse_view
from crm_core.entity.write import create
from crm_core.errors import Invalid
from crm_core.runtime import Crm


def fill(crm: Crm, actor: Principal, entity: str, rows: list[dict[str, Any]]) -> list[str]:
    with crm.writing(actor) as session:
        described = crm.entities[entity]
        return [row["id"] for row in create(session, described, [load_input(session, described, row) for row in rows])]


def names(crm: Crm, actor: Principal, entity: str, *pairs: tuple[str, str]) -> list[str]:
    with crm.reading(actor) as session:
        described = crm.entities[entity]
        return [row["name"] for row in query(session, described, parse_view(described, pairs)).rows]


@pytest.mark.parametrize(
    "sort", ["name", "-name", "city", "-city", "created_at", "-created_at", "employees", "-employees"]
)
def test_paging_gives_every_record_once_there_and_back(crm: Crm, actor: Principal, sort: str) -> None:
    cities = [None, "Тверь", "Ялта", "Ёлкино", "Москва"]
    fill(
        crm,
        actor,
        "core.account",
        [{"name": f"Фирма {n % 7}", "city": cities[n % 5], "employees": n % 4 or None} for n in range(53)],
    )
    entity, view = crm.entities["core.account"], View(sort=sort, limit=10)
    with crm.reading(actor) as session:
        page = query(session, entity, view)
        assert page.previous is None
        pages = [page]
        while page.next:
            page = query(session, entity, replace(view, cursor=page.next))
            pages.append(page)
        forward = [[row["id"] for row in each.rows] for each in pages]
        assert len({key for keys in forward for key in keys}) == 53
        for expected in reversed(forward[:-1]):
            assert page.previous is not None
            page = query(session, entity, replace(view, cursor=page.previous))
            assert [row["id"] for row in page.rows] == expected


def test_names_are_sorted_without_case_and_with_yo_as_ye(crm: Crm, actor: Principal) -> None:
    fill(crm, actor, "core.account", [{"name": name} for name in ("яблоко", "Ёж", "ежевика", "Ель", "Абрикос")])
    assert names(crm, actor, "core.account") == ["Абрикос", "Ёж", "ежевика", "Ель", "яблоко"]


@pytest.mark.parametrize(
    "typed",
    [
        "королев",
        "КОРОЛЁВ",
        "олёв",
        "петр королев",
        "rjhjktd",
        "Rjhjk`d",
        "8 903 111-22-33",
        "+7 (903) 111 22 33",
        "PETR@elki.example",
        "elki",
        "ко",
    ],
)
def test_a_person_is_found_however_it_is_typed(crm: Crm, actor: Principal, typed: str) -> None:
    person = {"last_name": "Королёв", "first_name": "Пётр", "phones": ["+79031112233"], "emails": ["petr@elki.example"]}
    fill(crm, actor, "core.contact", [person, {"last_name": "Сидоров", "phones": ["+79039999999"]}])
    assert names(crm, actor, "core.contact", ("q", typed)) == ["Королёв Пётр"]


@pytest.mark.parametrize("typed", ["%", "_", "100%", "королев%", '"', "' OR 1=1 --", "\\", "*", "a" * 5000])
def test_wildcards_and_quotes_are_only_characters(crm: Crm, actor: Principal, typed: str) -> None:
    fill(crm, actor, "core.contact", [{"last_name": "Сидоров"}])
    found = names(crm, actor, "core.contact", ("q", typed[:200]))
    assert found in ([], ["Сидоров"])


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (("city", "Тверь"), ["A", "C"]),
        (("city.ne", "Тверь"), ["B", "D"]),
        (("city.contains", "верь"), ["A", "C"]),
        (("city.contains", "ЁЛК"), ["B"]),
        (("name.starts", "a"), ["A"]),
        (("employees.ge", "20"), ["B", "C"]),
        (("employees.lt", "20"), ["A"]),
        (("employees.empty", "true"), ["D"]),
        (("category.in", "customer,former"), ["B", "D"]),
        (("revenue.gt", "99.5"), ["C"]),
    ],
)
def test_filters_keep_what_they_say(crm: Crm, actor: Principal, pair: tuple[str, str], expected: list[str]) -> None:
    fill(
        crm,
        actor,
        "core.account",
        [
            {"name": "A", "city": "Тверь", "employees": 10},
            {"name": "B", "city": "Ёлкино", "employees": 20, "category": "customer"},
            {"name": "C", "city": "Тверь", "employees": 30, "revenue": "100"},
            {"name": "D", "category": "former"},
        ],
    )
    assert names(crm, actor, "core.account", pair) == expected


@pytest.mark.parametrize(
    "pair",
    [
        ("sort", "name;drop table"),
        ("sort", "password"),
        ("fields", "name,secret"),
        ("limit", "0"),
        ("limit", "100000"),
        ("limit", "٣"),
        ("owner_id", "me"),
        ("name.like", "x"),
        ("employees.gt", "many"),
        ("created_at.ge", "yesterday"),
        ("category", "best"),
        ("nosuch", "1"),
        ("revenue.gt", "1e400"),
        ("name", "a\x00b"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused_by_name(crm: Crm, pair: tuple[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        parse_view(crm.entities["core.account"], [pair])
    assert refused.value.problems[0].field in {pair[0], pair[0].split(".")[0]}


def test_a_damaged_cursor_is_refused(crm: Crm, actor: Principal) -> None:
    entity = crm.entities["core.account"]
    with crm.reading(actor) as session:
        for cursor in ("x", "e30", "bm9uc2Vuc2U", "WzEsMiwzXQ"):
            with pytest.raises(Invalid):
                query(session, entity, View(cursor=cursor))


def test_counting_stops_at_the_cap(crm: Crm, actor: Principal) -> None:
    fill(crm, actor, "core.account", [{"name": f"Firm {n}"} for n in range(12)])
    with crm.reading(actor) as session:
        assert count(session, crm.entities["core.account"], View(), cap=100) == 12
        assert count(session, crm.entities["core.account"], View(), cap=5) == 6


def test_matching_ids_go_on_after_an_id(crm: Crm, actor: Principal) -> None:
    ids = sorted(fill(crm, actor, "core.account", [{"name": f"Firm {n}"} for n in range(7)]))
    entity = crm.entities["core.account"]
    with crm.reading(actor) as session:
        assert matching_ids(session, entity, View(), 3) == ids[:3]
        assert matching_ids(session, entity, View(), 10, after=ids[2]) == ids[3:]


def test_a_list_takes_one_statement(crm: Crm, actor: Principal, count_statements: Any) -> None:
    account = fill(crm, actor, "core.account", [{"name": "Firm"}])[0]
    fill(crm, actor, "core.contact", [{"last_name": "Person", "account_id": account}])
    with crm.reading(actor) as session, count_statements() as statements:
        query(session, crm.entities["core.account"], View())
    assert len(statements) == 1
