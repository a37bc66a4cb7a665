"""Looking up what the rows of a chunk are about: people, named accounts, the records that they match."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import String, select
from sqlalchemy.orm import Session

from crm_core.access.predicate import binds, visible
from crm_core.db.bulk import values_list
from crm_core.db.session import actor_of, crm_of
from crm_core.db.types import Folded
from crm_core.entity.descriptor import Entity
from crm_core.entity.identifier import uuid_text
from crm_core.model import ContactPoint, ExternalId, User
from crm_core.text import fold

__all__ = ["by_external_id", "by_name", "by_points", "by_value", "people", "visible_ids"]

Found = dict[str, list[str]]


def people(session: Session) -> dict[str, str]:
    """The active users by everything that a file may call them: name, login, e-mail, id."""
    users = User.__table__
    found: dict[str, str] = {}
    for row in session.execute(select(users.c.id, users.c.name, users.c.login, users.c.email).where(users.c.is_active)):
        found.update({fold(text): row.id for text in (row.id, row.name, row.login, row.email) if text})
    return found


def by_external_id(session: Session, entity: Entity, system: str, ids: Iterable[str]) -> Found:
    """``{id in the other system: [record id]}``."""
    table = ExternalId.__table__
    wanted = sorted(set(ids))
    statement = select(table.c.external_id, table.c.record_id).where(
        table.c.system == system,
        table.c.entity == entity.id,
        table.c.external_id.in_(select(values_list(session, wanted, String).c.id)),
    )
    return _grouped(session.execute(statement)) if wanted else {}


def by_points(session: Session, entity: Entity, norms: Iterable[str]) -> Found:
    """``{normal form of a phone or e-mail: [record id]}``."""
    points = ContactPoint.__table__
    holder = {"core.account": points.c.account_id, "core.contact": points.c.contact_id}.get(entity.id)
    wanted = sorted(set(norms))
    if holder is None or not wanted:
        return {}
    known = points.c.norm.in_(select(values_list(session, wanted, Folded).c.id))
    return _grouped(session.execute(select(points.c.norm, holder).where(known, holder.is_not(None))))


def by_value(session: Session, entity: Entity, column: str, values: Iterable[str]) -> Found:
    """``{value of a column: [record id]}`` among the live records that the actor may see."""
    wanted = sorted(set(values))
    if not wanted:
        return {}
    table = entity.table
    kind = Folded if isinstance(table.c[column].type, Folded) else String
    known = table.c[column].in_(select(values_list(session, wanted, kind).c.id))
    statement = select(table.c[column], table.c.id).where(known, table.c.deleted_at.is_(None))
    condition = visible(crm_of(session), entity, "view", actor_of(session))
    if condition is not None:
        statement = statement.where(condition)
    return _grouped(session.execute(statement, binds(actor_of(session))))


def by_name(session: Session, entity: Entity, names: Iterable[str]) -> Found:
    """``{text of a reference: [record id]}``: by the folded name, or by the id itself."""
    texts = set(names)
    ids = {text: key for text in texts if (key := uuid_text(text)) is not None}
    seen = set(visible_ids(session, entity, ids.values()))
    found = {text: [key] for text, key in ids.items() if key in seen}
    folded = {text: fold(text) for text in texts - found.keys()}
    named = by_value(session, entity, f"{entity.title}_fold", folded.values())
    return found | {text: named[name] for text, name in folded.items() if name in named}


def visible_ids(session: Session, entity: Entity, ids: Iterable[str], action: str = "view") -> list[str]:
    """Those of the ids that are live records to which the actor may do ``action``."""
    wanted = sorted(set(ids))
    if not wanted:
        return []
    table = entity.table
    known = table.c.id.in_(select(values_list(session, wanted).c.id))
    statement = select(table.c.id).where(known, table.c.deleted_at.is_(None))
    condition = visible(crm_of(session), entity, action, actor_of(session))
    if condition is not None:
        statement = statement.where(condition)
    return list(session.execute(statement, binds(actor_of(session))).scalars())


def _grouped(rows: Any) -> Found:
    found: Found = {}
    for key, record_id in rows:
        ids = found.setdefault(key, [])
        if record_id not in ids:
            ids.append(record_id)
    return found
