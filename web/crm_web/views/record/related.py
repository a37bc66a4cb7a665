"""Records of other entities that point to this one: people of an account, deals of a contact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import g
from sqlalchemy.orm import Session

from crm_core.entity.descriptor import Entity, Field
from crm_core.entity.query import query
from crm_core.entity.view import Filter, View
from crm_core.text import messages
from crm_web.current import say
from crm_web.links import base_of, with_query

__all__ = ["related_blocks"]

_ = messages("web")

MOST = 8
_SUBTITLES = ("position", "category", "state", "city")


def related_blocks(session: Session, entity: Entity, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One block for each reference that leads here, with its first records.

    Empty ones offer to add a record; those of the same entity (subsidiaries) are left out then.
    """
    blocks = [_block(session, other, field, record["id"]) for other, field in _references(entity)]
    return [block for block in blocks if block["rows"] or block["entity"] != entity.id]


def _references(entity: Entity) -> Iterator[tuple[Entity, Field]]:
    """The references that make a block: one for each entity, the first that its fields name."""
    for other in g.crm.entities.values():
        if not g.actor.may(f"{other.id}.view"):
            continue
        # Whose main contact somebody is, is said where the person works.
        pointing = (f for f in other.fields if f.ref == entity.id and not f.name.startswith("primary_"))
        field = next(pointing, None)
        if field is not None and not (other is entity and field.name != "parent_id"):
            yield other, field


def _block(session: Session, other: Entity, field: Field, record_id: str) -> dict[str, Any]:
    subtitle = next((name for name in _SUBTITLES if other.field(name) is not None), None)
    points = tuple(name for name in ("phone", "email") if name in other.table.c)
    columns = (other.title, *points, *((subtitle,) if subtitle else ()))
    view = View(columns=columns, filters=(Filter(field.name, "eq", record_id),), limit=MOST)
    page = query(session, other, view)
    base, pairs = base_of(other), [(field.name, record_id)]
    labels = {c.code: say(c.label) for f in other.fields if f.name == subtitle for c in f.choices}
    return {
        "entity": other.id,
        "title": say(other.plural) if other.id != field.ref else say(_("Belong to it")),
        "icon": other.icon,
        "url": with_query(base, pairs),
        "count": f"{MOST}+" if page.next else len(page.rows),
        "new_url": with_query(f"{base}/new", [*pairs, ("back", "")]) if g.actor.may(f"{other.id}.create") else None,
        "rows": [
            {
                "url": f"{base}/{row['id']}",
                "name": row[other.title] or "—",
                "note": labels.get(str(row.get(subtitle)), row.get(subtitle)) if subtitle else None,
                "phone": row.get("phone"),
                "email": row.get("email"),
            }
            for row in page.rows
        ],
    }
