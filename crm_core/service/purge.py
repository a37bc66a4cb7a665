"""Removing records for good, with everything that refers to them: undo of an import, the emptied trash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Table, delete, inspect, select
from sqlalchemy.orm import Session

from crm_core.db.base import Base
from crm_core.db.bulk import values_list
from crm_core.entity import search_row
from crm_core.entity.descriptor import Entity
from crm_core.model import Audit, Event, ImportEffect, SearchRow

__all__ = ["purge", "purge_trash"]

_CHUNK = 1_000
# What is written down about the past stays: who did what, what was told to others, what an import did.
_KEPT = frozenset({Audit.__tablename__, Event.__tablename__, ImportEffect.__tablename__, SearchRow.__tablename__})


def purge(session: Session, entity: Entity, ids: Sequence[str]) -> None:
    """Delete records and all rows that belong to or regard them, of every module; cannot be undone.

    Foreign keys do the rest as they declare it: children go, references become empty.
    """
    tables = _regarding_tables(session) if ids else ()
    for start in range(0, len(ids), _CHUNK):
        part = list(ids[start : start + _CHUNK])
        search_row.remove(session, part)
        chosen = select(values_list(session, part).c.id)
        for table in tables:
            session.execute(delete(table).where(table.c.entity == entity.id, table.c.record_id.in_(chosen)))
        session.execute(delete(entity.table).where(entity.table.c.id.in_(chosen)))


def purge_trash(session: Session, entity: Entity, before: datetime) -> int:
    """Purge the records that went into the trash before a moment; gives their number."""
    table = entity.table
    statement = select(table.c.id).where(table.c.deleted_at < before).limit(_CHUNK)
    ids = list(session.execute(statement).scalars())
    purge(session, entity, ids)
    return len(ids)


def _regarding_tables(session: Session) -> Iterable[Table]:
    """The tables with a reference to records of any kind, links before what they link.

    Those of a module that is installed but was never enabled are not in the database.
    """
    present = set(inspect(session.connection()).get_table_names())
    found = [
        table
        for table in Base.metadata.tables.values()
        if {"entity", "record_id"} <= {column.info.get("regarding") for column in table.c}
        and table.name in present - _KEPT
    ]
    return sorted(found, key=lambda table: table.name, reverse=True)
