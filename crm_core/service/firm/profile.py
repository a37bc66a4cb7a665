"""Settings of the firm, typed: name, base currency, zone, country, languages, how long a session may rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, fields, validate
from sqlalchemy import exists, inspect, select
from sqlalchemy.orm import Session

from crm_core.db.base import Base
from crm_core.db.session import crm_of
from crm_core.entity import trail
from crm_core.entity.schema import Text
from crm_core.errors import Invalid, Problem
from crm_core.model import Rate, Setting
from crm_core.service.administration import administer
from crm_core.service.intake import country, currency, load, zone
from crm_core.service.setting import save_setting
from crm_core.text import messages
from crm_core.translation import LANGUAGES

__all__ = ["FIRM_SCHEMA", "firm", "save_firm"]

_ = messages("core")
_PREFIX = "core."


class _FirmSchema(Schema):
    firm_name = Text(validate=validate.Length(max=200))
    base_currency = Text(validate=currency)
    zone = Text(validate=zone)
    country = Text(validate=country)
    languages = fields.List(
        fields.String(validate=validate.OneOf(list(LANGUAGES))), validate=validate.Length(min=1, max=len(LANGUAGES))
    )
    idle_minutes = fields.Integer(validate=validate.Range(5, 7 * 24 * 60))


FIRM_SCHEMA = _FirmSchema(unknown=RAISE)


def firm(session: Session) -> dict[str, Any]:
    """All settings of the firm; what nobody has set yet has its default."""
    settings = crm_of(session).settings
    values: dict[str, Any] = {
        "firm_name": "",
        "base_currency": "RUB",
        "zone": settings.zone,
        "country": "RU",
        "languages": list(LANGUAGES),
        "idle_minutes": 480,
    }
    table = Setting.__table__
    wanted = table.c.key.in_([_PREFIX + name for name in values])
    for key, value in session.execute(select(table.c.key, table.c.value).where(wanted)):
        values[key.removeprefix(_PREFIX)] = value
    return values


def save_firm(session: Session, data: Mapping[str, Any]) -> None:
    """Change settings of the firm; those that are not given stay. Needs ``core.admin``.

    Raises ``Invalid``, also for another base currency once amounts or rates were written down in the present one.
    """
    administer(session)
    old, loaded = firm(session), load(FIRM_SCHEMA, data)
    changes = {name: (old[name], value) for name, value in loaded.items() if old[name] != value}
    if "base_currency" in changes and _has_money(session):
        message = _("Amounts were already written down in this currency; it can no longer be changed.")
        raise Invalid([Problem(id="core.currency_fixed", message=message, field="base_currency")])
    for name, value in loaded.items():
        save_setting(session, _PREFIX + name, value)
    if changes:
        trail.audit_list(session, "update", "core.firm", changes)


def _has_money(session: Session) -> bool:
    """Whether a rate or a total in the base currency is stored anywhere, also by modules that are off."""
    present = set(inspect(session.connection()).get_table_names())
    tables = [table for table in Base.metadata.tables.values() if "base_amount" in table.c and table.name in present]
    stored = [exists().where(Rate.__table__.c.currency.is_not(None))]
    stored += [exists().where(table.c.base_amount.is_not(None)) for table in tables]
    return any(session.execute(select(condition)).scalar() for condition in stored)
