"""Undoing a batch: created records go, changed ones get their old values back, whatever people touched since stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy import update as sql_update
from sqlalchemy.orm import Session

from crm_core.db.bulk import values_list
from crm_core.db.session import actor_of, crm_of
from crm_core.db.types import Id
from crm_core.entity import trail, trash
from crm_core.entity.descriptor import Entity, Part
from crm_core.entity.write import update
from crm_core.model import Contact, History, HistoryLink, ImportEffect
from crm_core.service.purge import purge

__all__ = ["UNDO_CHUNK", "Undone", "effects_after", "undo_chunk"]

UNDO_CHUNK = 500


@dataclass(slots=True)
class Undone:
    """What an undo did, in records; ``kept`` are the ids of those that were changed since and stay as they are."""

    removed: int = 0
    trashed: int = 0
    restored: int = 0
    kept: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """The numbers for the report."""
        return {"removed": self.removed, "trashed": self.trashed, "restored": self.restored, "kept": len(self.kept)}


def effects_after(session: Session, batch_id: str, place: tuple[int, str] | None) -> list[dict[str, Any]]:
    """The next effects of a batch to undo, the last first; ``place`` is (row, entity) of the one undone last."""
    table = ImportEffect.__table__
    statement = (
        select(table)
        .where(table.c.batch_id == batch_id, table.c.outcome.in_(["created", "updated"]))
        .order_by(table.c.row_no.desc(), table.c.entity.desc())
        .limit(UNDO_CHUNK)
    )
    if place is not None:
        row, entity = place
        statement = statement.where((table.c.row_no < row) | ((table.c.row_no == row) & (table.c.entity < entity)))
    return [dict(effect) for effect in session.execute(statement).mappings()]


def undo_chunk(session: Session, batch_id: str, effects: Sequence[Mapping[str, Any]]) -> Undone:
    """Undo some effects of a batch in the caller's transaction.

    A created record that nobody touched disappears; one that has got history since goes into the trash,
    from where it can be brought back; one that was changed stays and is listed.
    """
    done = Undone()
    for entity_id in sorted({effect["entity"] for effect in effects}, reverse=True):
        entity = crm_of(session).entities.get(entity_id)
        if entity is not None:
            mine = [effect for effect in effects if effect["entity"] == entity_id]
            _undo_updates(session, entity, [effect for effect in mine if effect["outcome"] == "updated"], done)
            _undo_creations(
                session, entity, batch_id, [effect for effect in mine if effect["outcome"] == "created"], done
            )
    return done


def _undo_creations(
    session: Session, entity: Entity, batch_id: str, effects: Sequence[Mapping[str, Any]], done: Undone
) -> None:
    ids = _unchanged(session, entity, effects, done)
    if not ids:
        return
    used = _used_accounts(session, entity, batch_id, ids)
    done.kept.extend(used)
    free = [key for key in ids if key not in used]
    lived = _with_history(session, entity, batch_id, free)
    if lived and actor_of(session).scope(entity.id, "delete") == "none":
        done.kept.extend(sorted(lived))
    elif lived:
        trash.trash(session, entity, sorted(lived))
        done.trashed += len(lived)
    gone = [key for key in free if key not in lived]
    trail.audit(session, "import undone", entity.id, {key: {"batch": batch_id} for key in gone})
    purge(session, entity, gone)
    done.removed += len(gone)


def _undo_updates(session: Session, entity: Entity, effects: Sequence[Mapping[str, Any]], done: Undone) -> None:
    ids = set(_unchanged(session, entity, effects, done))
    changes = {
        effect["record_id"]: _typed(entity, effect["before"] or {}) for effect in effects if effect["record_id"] in ids
    }
    restored = {row["id"]: row["version"] for row in update(session, entity, changes)}
    _follow_versions(session, [effect for effect in effects if effect["record_id"] in restored], restored)
    done.restored += len(changes)


def _follow_versions(session: Session, effects: Sequence[Mapping[str, Any]], versions: Mapping[str, int]) -> None:
    """A restored record is again what an earlier batch left: that batch can still be undone after this one.

    All earlier effects move by the same number of versions, so that a change of somebody between two of them
    stays visible as a gap.
    """
    if not effects:
        return
    table = ImportEffect.__table__
    statement = (
        sql_update(table)
        .where(table.c.record_id == bindparam("record", type_=Id()), table.c.version_after <= bindparam("left"))
        .values(version_after=table.c.version_after + bindparam("moved"))
    )
    moves = [
        {
            "record": effect["record_id"],
            "left": effect["version_after"] - 1,
            "moved": versions[effect["record_id"]] - effect["version_after"] + 1,
        }
        for effect in effects
    ]
    session.connection().execute(statement, moves)


def _unchanged(session: Session, entity: Entity, effects: Sequence[Mapping[str, Any]], done: Undone) -> list[str]:
    """The ids whose version is still the one that the batch left; the others are kept, the missing passed over."""
    if not effects:
        return []
    table = entity.table
    chosen = select(values_list(session, [effect["record_id"] for effect in effects]).c.id)
    statement = select(table.c.id, table.c.version).where(table.c.id.in_(chosen), table.c.deleted_at.is_(None))
    versions: dict[str, int] = {row.id: row.version for row in session.execute(statement)}
    same = [effect["record_id"] for effect in effects if versions.get(effect["record_id"]) == effect["version_after"]]
    done.kept.extend(sorted(set(versions) - set(same)))
    return same


def _used_accounts(session: Session, entity: Entity, batch_id: str, ids: Sequence[str]) -> set[str]:
    """Accounts of the batch for which people of other origin work by now: they stay."""
    if entity.id != "core.account":
        return set()
    table = Contact.__table__
    chosen = select(values_list(session, ids).c.id)
    others = table.c.import_batch_id.is_distinct_from(batch_id)
    return set(session.execute(select(table.c.account_id).where(table.c.account_id.in_(chosen), others)).scalars())


def _with_history(session: Session, entity: Entity, batch_id: str, ids: Sequence[str]) -> set[str]:
    """Records on whose timeline stands more than what the batch wrote."""
    if not ids:
        return set()
    links, events = HistoryLink.__table__, History.__table__
    chosen = select(values_list(session, ids).c.id)
    statement = (
        select(links.c.record_id)
        .join(events, events.c.id == links.c.history_id)
        .where(
            links.c.entity == entity.id,
            links.c.record_id.in_(chosen),
            events.c.import_batch_id.is_distinct_from(batch_id),
        )
        .distinct()
    )
    return set(session.execute(statement).scalars())


def _typed(entity: Entity, before: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they were, read back from JSON; derived columns are made anew by the write path."""
    values: dict[str, Any] = {}
    for name, value in before.items():
        part = entity.part(name)
        if part is not None:
            values[name] = [_item(part, item) for item in value]
        elif name == "ext":
            values[name] = value
        elif name in entity.table.c and not name.endswith("_fold"):
            values[name] = _from_plain(entity.table.c[name].type.python_type, value)
    return values


def _item(part: Part, item: Any) -> Any:
    """One item of a part with its dates as dates; tags are names and stay as they are."""
    if not isinstance(item, Mapping):
        return item
    columns = part.model.__table__.c
    return {
        name: _from_plain(columns[name].type.python_type, value) if name in columns else value
        for name, value in item.items()
    }


def _from_plain(python_type: type[Any], value: Any) -> Any:
    if value is None or python_type not in {datetime, date, Decimal}:
        return value
    return Decimal(value) if python_type is Decimal else python_type.fromisoformat(value)
