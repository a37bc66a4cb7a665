"""Number series of documents: no number is given twice, and none is lost when a transaction fails."""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from crm_core.db.base import new_id
from crm_core.db.bulk import insert_if_new
from crm_core.entity import trail
from crm_core.errors import Invalid, Problem
from crm_core.model import NumberSeries
from crm_core.service.administration import administer
from crm_core.text import messages

__all__ = ["define_series", "next_number"]

_ = messages("core")
_TABLE = NumberSeries.__table__
DEFAULT_PATTERN = "{n:05d}"
# Nothing but the number and the period may be asked for: a pattern must not reach into objects.
_PATTERN = re.compile(r"(?:[^{}]|\{period\})*\{n(?::0\d{1,2}d)?\}(?:[^{}]|\{period\})*")


def next_number(session: Session, series: str, legal_entity: str = "", period: str = "") -> str:
    """The next number of a series, written by its pattern.

    The row stays locked until the transaction ends: take numbers as its last step. A series begins with its first
    number; a new period goes on with the pattern of the one before, from 1.
    """
    mine = _of(series, legal_entity) & (_TABLE.c.period == period)
    taken = update(_TABLE).where(mine).values(next=_TABLE.c.next + 1).returning(_TABLE.c.next, _TABLE.c.pattern)
    row = session.execute(taken).first()
    if row is None:
        _begin(session, series, legal_entity, period)
        row = session.execute(taken).one()
    following, pattern = row
    return str(pattern.format(n=following - 1, period=period))


def define_series(
    session: Session, series: str, pattern: str, *, legal_entity: str = "", period: str = "", start: int | None = None
) -> None:
    """Set how the numbers of a series look (``INV-{period}-{n:05d}``) and, for a move from elsewhere, the next one.

    Needs ``core.admin``. Raises ``Invalid`` for a pattern without ``{n}`` and for a number that was given already.
    """
    administer(session)
    if len(pattern) > 60 or not _PATTERN.fullmatch(pattern):
        message = _("A pattern holds {n} once, and may hold {period}.")
        raise Invalid([Problem(id="core.bad_pattern", message=message, field="pattern")])
    _begin(session, series, legal_entity, period)
    mine = _of(series, legal_entity) & (_TABLE.c.period == period)
    old = session.execute(select(_TABLE.c.id, _TABLE.c.pattern, _TABLE.c.next).where(mine).with_for_update()).one()
    if start is not None and start < old.next:
        message = _("Number %(n)s may have been given already; the next one is %(next)s.", n=start, next=old.next)
        raise Invalid([Problem(id="core.number_given", message=message, field="start")])
    following = old.next if start is None else start
    session.execute(update(_TABLE).where(mine).values(pattern=pattern, next=following))
    changes = {"pattern": (old.pattern, pattern), "next": (old.next, following)}
    trail.audit(session, "update", "core.number", {old.id: changes})


def _of(series: str, legal_entity: str) -> ColumnElement[bool]:
    mine: ColumnElement[bool] = (_TABLE.c.series == series) & (_TABLE.c.legal_entity == legal_entity)
    return mine


def _begin(session: Session, series: str, legal_entity: str, period: str) -> None:
    earlier = select(_TABLE.c.pattern).where(_of(series, legal_entity)).order_by(_TABLE.c.period.desc()).limit(1)
    row = {
        "id": new_id(),
        "series": series,
        "legal_entity": legal_entity,
        "period": period,
        "pattern": session.execute(earlier).scalar() or DEFAULT_PATTERN,
        "next": 1,
    }
    session.execute(insert_if_new(session, _TABLE), row)
