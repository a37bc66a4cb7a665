"""What an undo would do, told before it is done."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from crm_core.db.session import crm_of
from crm_core.entity.descriptor import Entity
from crm_core.model import ImportEffect

__all__ = ["Forecast", "forecast_undo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Records that would go, get their old values back, and stay because somebody has changed them since."""

    going: int
    restored: int
    kept: int


def forecast_undo(session: Session, batch_id: str) -> Forecast:
    """What undoing a batch would do at this moment, in one statement for each kind of record."""
    effects = ImportEffect.__table__
    kinds = select(effects.c.entity).where(effects.c.batch_id == batch_id).distinct()
    entities = [crm_of(session).entities.get(key) for key in session.execute(kinds).scalars()]
    found = [_of_entity(session, batch_id, entity) for entity in entities if entity is not None]
    return Forecast(
        going=sum(one.going for one in found),
        restored=sum(one.restored for one in found),
        kept=sum(one.kept for one in found),
    )


def _of_entity(session: Session, batch_id: str, entity: Entity) -> Forecast:
    effects, table = ImportEffect.__table__, entity.table
    untouched = table.c.version == effects.c.version_after
    statement = (
        select(
            _number(and_(untouched, effects.c.outcome == "created")).label("going"),
            _number(and_(untouched, effects.c.outcome == "updated")).label("restored"),
            _number(~untouched).label("kept"),
        )
        .join(table, table.c.id == effects.c.record_id)
        .where(
            effects.c.batch_id == batch_id,
            effects.c.entity == entity.id,
            effects.c.outcome.in_(["created", "updated"]),
            table.c.deleted_at.is_(None),
        )
    )
    return Forecast(**{name: int(number) for name, number in session.execute(statement).mappings().one().items()})


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
