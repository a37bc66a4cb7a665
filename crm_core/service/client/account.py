"""``core.account``: organisations and private persons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from crm_core.entity.descriptor import Choice, Entity, Field, Section
from crm_core.model import Account
from crm_core.service.client import parts
from crm_core.text import messages

__all__ = ["ACCOUNT", "CATEGORIES"]

_ = messages("core")

CATEGORIES = (
    Choice(code="prospect", label=_("Prospect"), colour="azure"),
    Choice(code="customer", label=_("Customer"), colour="green"),
    Choice(code="dormant", label=_("Dormant"), colour="yellow"),
    Choice(code="former", label=_("Former customer"), colour="secondary"),
)
KINDS = (
    Choice(code="organisation", label=_("Organisation"), colour="blue"),
    Choice(code="person", label=_("Private person"), colour="purple"),
)


def _prepare(_session: Session, rows: Sequence[dict[str, Any]], _fresh: bool) -> None:
    for row in rows:
        for part, column in (("emails", "email"), ("phones", "phone")):
            if part in row:
                row[column] = parts.primary(row[part])
        if row.get("revenue") is not None and not row.get("revenue_currency"):
            row["revenue_currency"] = "RUB"


ACCOUNT = Entity(
    id="core.account",
    model=Account,
    label=_("Account"),
    plural=_("Accounts"),
    new_label=_("New account"),
    icon="building",
    path="accounts",
    order=10,
    sections=(
        Section(name="main", label=_("Main")),
        Section(name="business", label=_("Business"), folded=True),
        Section(name="register", label=_("Registration"), folded=True),
        Section(name="address", label=_("Addresses"), folded=True),
        Section(name="more", label=_("More"), folded=True),
    ),
    fields=(
        Field(
            name="name",
            label=_("Name"),
            required=True,
            listed=True,
            aliases=(
                "company",
                "company name",
                "organisation",
                "organization",
                "account",
                "компания",
                "организация",
                "название",
                "клиент",
            ),
        ),
        Field(name="kind", label=_("Kind"), choices=KINDS),
        Field(name="category", label=_("Category"), choices=CATEGORIES, listed=True, aliases=("type", "тип")),
        Field(name="primary_contact_id", label=_("Main contact"), ref="core.contact", listed=True),
        Field(name="phone", label=_("Phone"), kind="phone", editable=False, listed=True),
        Field(name="email", label=_("E-mail"), kind="email", editable=False),
        Field(name="city", label=_("City"), listed=True, aliases=("billing city", "town", "город")),
        Field(name="region", label=_("Region"), aliases=("state", "billing state", "область", "регион")),
        Field(name="country", label=_("Country"), aliases=("billing country", "страна")),
        Field(name="website", label=_("Website"), kind="url", aliases=("web", "url", "site", "сайт")),
        Field(name="source", label=_("Source"), aliases=("lead source", "источник")),
        Field(name="industry", label=_("Industry"), section="business", aliases=("sector", "отрасль", "сфера")),
        Field(
            name="employees", label=_("Employees"), section="business", aliases=("number of employees", "сотрудников")
        ),
        Field(name="founded", label=_("Founded in"), section="business", aliases=("year established", "год основания")),
        Field(
            name="revenue",
            label=_("Annual revenue"),
            section="business",
            currency="revenue_currency",
            aliases=("annual revenue", "turnover", "выручка", "оборот"),
        ),
        Field(name="revenue_currency", label=_("Currency of the revenue"), section="business"),
        Field(name="replenishment_days", label=_("Buys every (days)"), section="business"),
        Field(
            name="parent_id",
            label=_("Parent account"),
            ref="core.account",
            section="business",
            aliases=("subsidiary of", "parent"),
        ),
        Field(name="legal_name", label=_("Legal name"), section="register", aliases=("юридическое название",)),
        Field(name="inn", label=_("INN"), kind="inn", section="register", aliases=("инн", "tax id")),
        Field(name="kpp", label=_("KPP"), kind="kpp", section="register", aliases=("кпп",)),
        Field(name="ogrn", label=_("OGRN"), kind="ogrn", section="register", aliases=("огрн",)),
        Field(name="vat", label=_("VAT number"), kind="vat", section="register"),
        Field(
            name="description",
            label=_("Description"),
            kind="longtext",
            section="more",
            sortable=False,
            aliases=("notes", "comment", "комментарий", "примечание"),
        ),
    ),
    parts=(
        parts.points("phone", "phones", _("Phones"), "account_id", ("phone", "telephone", "телефон")),
        parts.points("email", "emails", _("E-mails"), "account_id", ("email", "e-mail", "почта")),
        parts.points("messenger", "messengers", _("Messengers"), "account_id", ("messenger", "мессенджер")),
        parts.addresses("account_id"),
        parts.tags("core.account"),
    ),
    search=("name", "legal_name", "inn", "phones", "emails", "website", "city"),
    texts=("description",),
    match=("name", "inn", "phones", "emails"),
    prepare=_prepare,
)
