"""References in forms: their names, and what somebody typed without choosing from the list."""

from __future__ import annotations

from typing import Any

from flask import g
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.entity.descriptor import Entity
from crm_core.entity.query import query
from crm_core.entity.view import View
from crm_core.errors import Invalid, Problem
from crm_core.model import Team, User
from crm_core.text import fold, messages
from crm_web.views.record.chip import labels_of
from crm_web.views.record.draft import Draft, slots_of

__all__ = ["name_accounts", "options", "resolve_typed"]

_ = messages("web")

MOST = 10
_STAFF = {"core.user": User, "core.team": Team}


def options(session: Session, ref: str, text: str) -> list[dict[str, Any]]:
    """At most ten records, people or teams whose name holds the text: ``id, name, hint``."""
    if ref in _STAFF:
        return _staff(session, ref, text)
    entity = g.crm.entities[ref]
    hints = tuple(name for name in ("city", "account_id", "email") if name in entity.table.c)
    page = query(session, entity, View(columns=(entity.title, *hints), q=text.strip() or None, limit=MOST))
    return [
        {
            "id": row["id"],
            "name": row[entity.title] or "—",
            "hint": next((row[key] for key in ("account", "city", "email") if row.get(key)), None),
        }
        for row in page.rows
    ]


def name_accounts(session: Session, entity: Entity, record: dict[str, Any]) -> dict[str, Any]:
    """The record with the names of the companies in its affiliations."""
    items = record.get("affiliations")
    if not items or entity.part("affiliations") is None:
        return record
    names = labels_of(session, "core.account", [item["account_id"] for item in items])
    return {**record, "affiliations": [{**item, "account": names.get(item["account_id"])} for item in items]}


def resolve_typed(session: Session, entity: Entity, draft: Draft) -> Draft:
    """The draft with the ids of what was typed by its exact name; a page without scripts sends only names.

    Raises ``Invalid`` naming the fields whose text names nothing, or several.
    """
    problems = []
    for slot in slots_of(g.crm, entity):
        typed = draft.labels.get(slot.name, "").strip()
        if slot.field.ref and slot.name in draft.texts and not draft.texts[slot.name] and typed:
            found = _exact(options(session, slot.field.ref, typed), typed)
            if found is None:
                problems.append(Problem(id="web.choose", message=_("Choose one from the list."), field=slot.name))
            else:
                draft.texts[slot.name] = found
    if problems:
        raise Invalid(problems)
    return draft


def _exact(found: list[dict[str, Any]], typed: str) -> str | None:
    same = [hit["id"] for hit in found if fold(hit["name"]) == fold(typed)]
    return same[0] if len(same) == 1 else None


def _staff(session: Session, ref: str, text: str) -> list[dict[str, Any]]:
    table = _STAFF[ref].__table__
    statement = select(table.c.id, table.c.name).where(table.c.is_active.is_(True)).order_by(table.c.name)
    wanted = fold(text)
    rows = [row for row in session.execute(statement) if wanted in fold(row.name)]
    return [{"id": row.id, "name": row.name, "hint": None} for row in rows[:MOST]]
