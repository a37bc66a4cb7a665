"""Input is loaded or refused with all its problems; what is stored can be compared."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from crm_core.access.principal import Principal
from crm_core.entity.schema import load_input
from crm_core.errors import Invalid
from crm_core.runtime import Crm


def load(crm: Crm, actor: Principal, entity: str, **data: Any) -> dict[str, Any]:
    with crm.reading(actor) as session:
        return load_input(session, crm.entities[entity], data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"inn": "7707083893"}, "7707083893"),
        ({"inn": "500100732259"}, "500100732259"),
        ({"website": "example.com/path"}, "https://example.com/path"),
        ({"revenue": "1234.5"}, Decimal("1234.5")),
        ({"kpp": "7707 01001"}, None),
    ],
)
def test_values_are_stored_in_their_normal_form(
    crm: Crm, actor: Principal, data: dict[str, Any], expected: Any
) -> None:
    (name,) = data
    if expected is None:
        data = {name: "770701001"}
        expected = "770701001"
    assert load(crm, actor, "core.account", name="A", **data)[name] == expected


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": ["A"]}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "a\ud800"}, "name"),
        ({"name": "A", "inn": "7707083894"}, "inn"),
        ({"name": "A", "kpp": "12"}, "kpp"),
        ({"name": "A", "website": "javascript:alert(1)"}, "website"),
        ({"name": "A", "revenue": "NaN"}, "revenue"),
        ({"name": "A", "revenue": "1.23456"}, "revenue"),
        ({"name": "A", "revenue": True}, "revenue"),
        ({"name": "A", "employees": "12"}, "employees"),
        ({"name": "A", "employees": 10**10}, "employees"),
        ({"name": "A", "category": "best"}, "category"),
        ({"name": "A", "parent_id": "1"}, "parent_id"),
        ({"name": "A", "emails": ["nobody"]}, "emails.0.value"),
        ({"name": "A", "phones": ["12"]}, "phones.0.value"),
        ({"name": "A", "phones": "+7903"}, "phones"),
        ({"name": "A", "version": 7}, "version"),
        ({"name": "A", "deleted_at": None}, "deleted_at"),
        ({"name": "A", "name_fold": "b"}, "name_fold"),
        ({"name": "A", "created_by": "x"}, "created_by"),
        ({"name": "A", "addresses": [{"kind": "moon"}]}, "addresses.0.kind"),
    ],
)
def test_what_does_not_fit_is_refused_by_the_name_of_the_field(
    crm: Crm, actor: Principal, data: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        load(crm, actor, "core.account", **data)
    assert field in {problem.field for problem in refused.value.problems}


def test_all_problems_are_told_at_once(crm: Crm, actor: Principal) -> None:
    with pytest.raises(Invalid) as refused:
        load(crm, actor, "core.account", inn="1", kpp="2", emails=["x"])
    assert {problem.field for problem in refused.value.problems} == {"name", "inn", "kpp", "emails.0.value"}


def test_a_contact_needs_something_to_be_called_by(crm: Crm, actor: Principal) -> None:
    from crm_core.entity.write import create

    with crm.writing(actor) as session, pytest.raises(Invalid) as refused:
        create(
            session,
            crm.entities["core.contact"],
            [load_input(session, crm.entities["core.contact"], {"position": "Buyer"})],
        )
    assert refused.value.problems[0].field == "last_name"
