"""Global search: one text, every entity that the actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm_core.db.session import actor_of, crm_of
from crm_core.entity import part, search_row
from crm_core.entity.descriptor import Entity
from crm_core.entity.query import query
from crm_core.entity.view import View
from crm_core.model import SearchRow

__all__ = ["find", "forget", "rebuild"]

_HINTS = ("account_id", "email", "phone", "city")
_CHUNK = 1_000


def find(session: Session, text: str, *, entities: Sequence[str] = (), limit: int = 20) -> list[dict[str, Any]]:
    """The records that a text finds, at most ``limit`` of each entity: ``entity, id, name, hint, owner``.

    Part of a name in any case, ё as е, a phone or e-mail in any form, and words typed on the wrong
    keyboard layout are all understood.
    """
    view = View(q=text.strip() or None, limit=limit)
    if view.q is None:
        return []
    return _find(session, view, entities)


def _find(session: Session, view: View, names: Sequence[str]) -> list[dict[str, Any]]:
    hits: list[dict[str, Any]] = []
    for entity in crm_of(session).entities.values():
        if (names and entity.id not in names) or actor_of(session).scope(entity.id, "view") == "none":
            continue
        if entity.search:
            hits.extend(_hits(session, entity, view))
    return hits


def _hits(session: Session, entity: Entity, view: View) -> list[dict[str, Any]]:
    hints = tuple(name for name in _HINTS if name in entity.table.c)
    page = query(session, entity, replace(view, columns=(entity.title, *hints, "owner_id")))
    return [
        {
            "entity": entity.id,
            "id": row["id"],
            "name": row[entity.title],
            "hint": next((row[key] for key in ("account", "email", "phone", "city") if row.get(key)), None),
            "owner": row.get("owner"),
        }
        for row in page.rows
    ]


def rebuild(session: Session, entity: Entity) -> int:
    """Write the search rows of an entity anew; gives their number. For repairs and after direct loads."""
    table = entity.table
    written, last = 0, ""
    columns = [table.c[name] for name in dict.fromkeys(("id", *entity.search, *entity.texts)) if name in table.c]
    while True:
        statement = select(*columns).where(table.c.deleted_at.is_(None)).order_by(table.c.id).limit(_CHUNK)
        found = session.execute(statement.where(table.c.id > last) if last else statement).mappings().all()
        if not found:
            return written
        last = found[-1]["id"]
        records = {row["id"]: dict(row) for row in found}
        names = [name for name in (*entity.search, *entity.texts) if entity.part(name)]
        for key, values in part.load(session, entity, list(records), names).items():
            records[key].update(values)
        search_row.replace(session, entity, records)
        written += len(records)


def forget(session: Session, entity_id: str) -> None:
    """Remove all search rows of an entity: its module is purged."""
    rows = SearchRow.__table__
    ids = list(session.execute(select(rows.c.record_id).where(rows.c.entity == entity_id)).scalars())
    for start in range(0, len(ids), _CHUNK):
        search_row.remove(session, ids[start : start + _CHUNK])
    session.execute(delete(rows).where(rows.c.entity == entity_id))
