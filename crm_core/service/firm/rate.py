"""Currency rates: what one unit of a currency cost in the firm's base currency on a day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from marshmallow import RAISE, Schema, fields, validate
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crm_core.db.bulk import insert_if_new
from crm_core.entity import trail
from crm_core.entity.schema import Text
from crm_core.errors import Invalid, NotFound, Problem
from crm_core.model import Rate
from crm_core.service.administration import administer
from crm_core.service.firm.profile import firm
from crm_core.service.intake import currency, load
from crm_core.text import messages

__all__ = ["delete_rate", "rate_on", "rates", "set_rate"]

_ = messages("core")
_TABLE = Rate.__table__
_MOST = Decimal(10) ** 9


class _RateSchema(Schema):
    currency = Text(required=True, validate=currency)
    day = fields.Date(required=True)
    rate = fields.Decimal(
        required=True, places=6, allow_nan=False, validate=validate.Range(0, _MOST, min_inclusive=False)
    )
    source = Text(validate=validate.Length(max=20))


_SCHEMA = _RateSchema(unknown=RAISE)


def rates(session: Session, code: str | None = None, *, limit: int = 200) -> list[dict[str, Any]]:
    """The latest rates, of one currency or of all, the newest day first."""
    statement = select(_TABLE).order_by(_TABLE.c.day.desc(), _TABLE.c.currency).limit(limit)
    if code is not None:
        statement = statement.where(_TABLE.c.currency == code)
    return [dict(row) for row in session.execute(statement).mappings()]


def rate_on(session: Session, code: str, day: date) -> Decimal | None:
    """The rate that holds on a day: that of the day or the last one before; ``None`` when there is none."""
    if code == firm(session)["base_currency"]:
        return Decimal(1)
    statement = select(_TABLE.c.rate).where(_TABLE.c.currency == code, _TABLE.c.day <= day)
    return session.execute(statement.order_by(_TABLE.c.day.desc()).limit(1)).scalar()


def set_rate(session: Session, code: str, day: date | str, rate: Decimal | str, source: str = "manual") -> None:
    """Write down a rate; one of the same day is replaced. Needs ``core.admin``; raises ``Invalid``."""
    administer(session)
    given = day.isoformat() if isinstance(day, date) else day
    row = load(_SCHEMA, {"currency": code, "day": given, "rate": rate, "source": source})
    if row["currency"] == firm(session)["base_currency"]:
        message = _("This is the base currency; its rate is always one.")
        raise Invalid([Problem(id="core.base_currency", message=message, field="currency")])
    mine = (_TABLE.c.currency == row["currency"]) & (_TABLE.c.day == row["day"])
    old = session.execute(select(_TABLE.c.rate).where(mine)).scalar()
    session.execute(insert_if_new(session, _TABLE), row)
    session.execute(update(_TABLE).where(mine).values(rate=row["rate"], source=row["source"]))
    _note(session, "update", row["currency"], row["day"], (old, row["rate"]))


def delete_rate(session: Session, code: str, day: date) -> None:
    """Take a rate back. Needs ``core.admin``; raises ``NotFound``."""
    administer(session)
    mine = (_TABLE.c.currency == code) & (_TABLE.c.day == day)
    old = session.execute(delete(_TABLE).where(mine).returning(_TABLE.c.rate)).scalar()
    if old is None:
        raise NotFound
    _note(session, "delete", code, day, (old, None))


def _note(session: Session, action: str, code: str, day: date, pair: tuple[Decimal | None, Decimal | None]) -> None:
    trail.audit_list(session, action, "core.rate", {"currency": code, "day": day, "rate": pair})
