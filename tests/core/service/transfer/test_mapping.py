"""Columns find their fields in English and Russian, and columns about other things are left alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from crm_core.service.transfer import Suggestion, Target, concept_of, detect, open_rows, suggest

CONTACT = [
    ("external_id", "text", False), ("full_name", "text", False), ("last_name", "text", False),
    ("first_name", "text", False), ("middle_name", "text", False), ("salutation", "text", False),
    ("position", "text", False), ("account_id", "ref", False), ("phones", "phone", True), ("emails", "email", True),
    ("messengers", "text", True), ("addresses", "text", True), ("website", "url", False), ("birthday", "day", False),
    ("description", "longtext", False), ("source", "text", False), ("owner_id", "ref", False), ("tags", "list", False),
]  # fmt: skip
ACCOUNT = [
    ("external_id", "text", False), ("name", "text", False), ("legal_name", "text", False),
    ("industry", "text", False), ("city", "text", False), ("country", "text", False), ("inn", "inn", False),
    ("website", "url", False), ("phones", "phone", True), ("emails", "email", True), ("addresses.lines", "text", True),
    ("addresses.city", "text", True), ("addresses.postcode", "text", True), ("employees", "int", False),
    ("founded", "int", False), ("revenue", "money", False), ("number", "text", False), ("parent_id", "ref", False),
    ("owner_id", "ref", False), ("description", "longtext", False),
]  # fmt: skip
HISTORY = [
    ("kind", "choice", False), ("body", "longtext", False), ("occurred_at", "instant", False),
    ("owner_id", "ref", False),
]  # fmt: skip


def targets(entity: str, fields: Sequence[tuple[str, str, bool]]) -> list[Target]:
    return [
        Target(name=n, label_en=f"The {n}", label_ru=f"Поле {n}", kind=k, multiple=m, concept=concept_of(entity, n))
        for n, k, m in fields
    ]


FIELDS = {
    "contact": targets("core.contact", CONTACT),
    "account": targets("core.account", ACCOUNT),
    "history": targets("core.history", HISTORY),
}


def by_heading(entity: str, headings: Sequence[str], samples: Sequence[Sequence[str]] = ()) -> dict[str, str]:
    found = {each.column: each for each in suggest(headings, samples, FIELDS[entity])}
    return {
        heading: found[index].target + (f"/{found[index].label}" if found[index].label else "")
        for index, heading in enumerate(headings)
        if index in found
    }


@pytest.mark.parametrize(
    ("heading", "target"),
    [
        ("First Name", "first_name"), ("FIRST_NAME", "first_name"), ("firstname", "first_name"),
        ("Имя *", "first_name"),
        ("фамилия", "last_name"), ("Person - Last name", "last_name"), ("ФИО", "full_name"), ("Ф.И.О.", "full_name"),
        ("Полное имя контакта", "full_name"), ("Name", "full_name"), ("Person - Name*", "full_name"),
        ("Organization - Name*", "account_id"), ("Компания", "account_id"), ("Associated Company", "account_id"),
        ("E-mail", "emails"), ("Эл. почта", "emails"), ("Рабочий email", "emails/work"),
        ("Person - Email (Home)", "emails/home"), ("Мобильный телефон", "phones/mobile"), ("Сотовый", "phones/mobile"),
        ("Факс", "phones/fax"), ("Рабочий прямой телефон", "phones/work"), ("Другой телефон", "phones/other"),
        ("Дата рождения", "birthday"), ("Должность", "position"), ("Ответственный", "owner_id"),
        ("Contact owner", "owner_id"), ("Теги", "tags"), ("Telegram", "messengers"),
    ],
)  # fmt: skip
def test_usual_headings_of_contacts_are_known(heading: str, target: str) -> None:
    assert by_heading("contact", [heading]) == {heading: target}


@pytest.mark.parametrize(
    "heading", ["Deal - Title", "Deal - Value", "Product - Name*", "Название сделки", "Lead Status", "Foo", "", "№ п/п"]
)
def test_columns_about_other_things_are_left_alone(heading: str) -> None:
    assert by_heading("contact", [heading]) == {}


def test_a_field_with_one_value_is_proposed_once_and_one_with_many_for_each_column() -> None:
    found = by_heading("contact", ["Компания", "Company", "Телефон", "Мобильный", "Phone"])
    assert found == {"Компания": "account_id", "Телефон": "phones", "Мобильный": "phones/mobile", "Phone": "phones"}


def test_the_own_label_of_a_field_comes_before_usual_headings() -> None:
    own = Target(name="x", label_en="Client since", label_ru="Клиент с", aliases=("Company",))
    found = suggest(["Company", "клиент С"], [], [*FIELDS["contact"], own])
    assert found[0] == Suggestion(column=0, target="x", confidence=1.0, reason="label")


def test_a_slip_of_the_pen_is_forgiven_with_less_confidence() -> None:
    own = [Target(name="x", label_en="Warranty until", label_ru="Гарантия до")]
    (found,) = suggest(["Waranty until"], [], own)
    assert (found.target, found.reason) == ("x", "similar")
    assert found.confidence < 0.7


def test_cells_tell_what_a_heading_does_not() -> None:
    samples = [["anna@example.com", "+7 903 111-22-33", "7707083893", "www.example.com", "Уфа"]] * 3
    assert by_heading("contact", ["a", "b", "c", "d", "e"], samples) == {"a": "emails", "b": "phones", "d": "website"}
    assert by_heading("account", ["a", "b", "c"], samples)["c"] == "inn"


def test_a_heading_that_its_cells_contradict_loses_confidence() -> None:
    wrong = suggest(["Телефон"], [["anna@example.com"]] * 5, FIELDS["contact"])
    right = suggest(["Телефон"], [["+7 903 111-22-33"]] * 5, FIELDS["contact"])
    assert [each.target for each in right] == ["phones"]
    assert all(each.confidence < 0.55 for each in wrong)


REAL = [
    ("maven_crm_sales/accounts.csv", "account", {
        "account": "name", "sector": "industry", "year_established": "founded", "revenue": "revenue",
        "employees": "employees", "office_location": "country", "subsidiary_of": "parent_id",
    }),
    ("crm_import_headers/bitrix24_contact_import_captions_cp1251.csv", "contact", {
        "Обращение": "salutation", "Имя": "first_name", "Отчество": "middle_name", "Фамилия": "last_name",
        "Дата рождения": "birthday", "Компания": "account_id", "Должность": "position", "Телефон": "phones",
        "E-mail": "emails", "Сайт": "website", "Мессенджер": "messengers", "Адрес": "addresses",
        "Комментарий": "description", "Источник": "source", "Ответственный": "owner_id",
    }),
    ("crm_import_headers/amocrm_deals_export_header.csv", "contact", {
        "ID": "external_id", "Ответственный": "owner_id", "Теги": "tags", "Примечание": "description",
        "Полное имя контакта": "full_name", "Компания контакта": "account_id", "Рабочий телефон": "phones/work",
        "Рабочий прямой телефон": "phones/work", "Мобильный телефон": "phones/mobile", "Факс": "phones/fax",
        "Домашний телефон": "phones/home", "Другой телефон": "phones/other", "Рабочий email": "emails/work",
        "Личный email": "emails/home", "Другой email": "emails/other",
    }),
    ("crm_import_headers/hubspot_contacts_header.csv", "contact", {
        "Record ID": "external_id", "First Name": "first_name", "Last Name": "last_name", "Email": "emails",
        "Phone Number": "phones", "Associated Company": "account_id", "Contact owner": "owner_id",
    }),
    ("crm_import_headers/hubspot_notes_header.csv", "history", {
        "Activity type": "kind", "Body": "body", "Activity date": "occurred_at", "Activity assigned to": "owner_id",
    }),
    ("crm_import_headers/pipedrive_import_sample.csv", "contact", {
        "Person - Name*": "full_name", "Person - First name": "first_name", "Person - Last name": "last_name",
        "Person - Phone": "phones", "Person - Email (Work)": "emails/work", "Person - Email (Home)": "emails/home",
        "Organization - Name*": "account_id", "Organization - Address": "addresses", "Note - Content*": "description",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("name", "entity", "expected"), REAL)
def test_exports_of_other_programs_are_mapped(shared: Path, name: str, entity: str, expected: dict[str, str]) -> None:
    path = shared / name
    with open_rows(path, detect(path)) as rows:
        samples = [[str(value) for value in row.values] for row in rows]
        assert by_heading(entity, rows.headings, samples[:50]) == expected


def test_addresses_of_a_salesforce_export_keep_their_places(shared: Path) -> None:
    path = shared / "salesforce_dataloader" / "samples" / "data" / "accountData.csv"
    with open_rows(path, detect(path)) as rows:
        found = by_heading("account", rows.headings, [[str(value) for value in row.values] for row in rows])
    assert found["NAME"] == "name"
    assert found["BILLINGSTREET"] == "addresses.lines/billing"
    assert found["BILLINGCITY"] == "addresses.city/billing"
    assert found["SHIPPINGPOSTALCODE"] == "addresses.postcode/shipping"
    assert (found["PHONE"], found["FAX"]) == ("phones", "phones/fax")
    assert (found["ANNUALREVENUE"], found["NUMBEROFEMPLOYEES"]) == ("revenue", "employees")
    assert (found["PARENTID"], found["OWNERID"]) == ("parent_id", "owner_id")
    assert not {"ISDELETED", "TICKERSYMBOL", "CREATEDDATE", "SYSTEMMODSTAMP"} & set(found)
