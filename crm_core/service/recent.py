"""What happened lately, read from the end of the event log: cheap however long the history is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access.predicate import binds, readable
from crm_core.db.session import actor_of, crm_of
from crm_core.entity.query import fetch_many
from crm_core.model import Event, History, User

__all__ = ["latest_entries", "worked_on"]

_LOOK_BACK = 400
_LOGGED = "core.history.logged"


def worked_on(session: Session, limit: int = 8) -> list[dict[str, Any]]:
    """The records that the actor touched last, the newest first: ``entity, id, name, at``; each of them once.

    Looks at the last few hundred events only.
    """
    me = actor_of(session).id
    seen: dict[tuple[str, str], Any] = {}
    for event in _tail(session):
        if event.actor_id == me and event.entity in crm_of(session).entities:
            seen.setdefault((event.entity, event.record_id), event.at)
    return _named(session, list(seen)[: limit * 2], seen)[:limit]


def latest_entries(session: Session, limit: int = 8) -> list[dict[str, Any]]:
    """What anybody wrote down last, as far as the actor may see it.

    Each with ``kind, label, subject, body, outcome, direction, occurred_at, actor, entity, record_id``.
    """
    ids = [event.payload.get("history_id") for event in _tail(session) if event.type == _LOGGED]
    if not ids:
        return []
    events, users = History.__table__, User.__table__
    names = ("id", "kind", "label", "subject", "body", "outcome", "direction", "occurred_at", "entity", "record_id")
    statement = (
        select(*(events.c[name] for name in names), users.c.name)
        .outerjoin(users, users.c.id == events.c.actor_id)
        .where(events.c.id.in_(ids[: limit * 4]), events.c.deleted_at.is_(None))
        .order_by(events.c.occurred_at.desc(), events.c.id.desc())
        .limit(limit)
    )
    condition = readable(crm_of(session), "view", actor_of(session), events)
    if condition is not None:
        statement = statement.where(condition)
    found = session.execute(statement, binds(actor_of(session)))
    return [dict(zip((*names, "actor"), row, strict=True)) for row in found]


def _tail(session: Session) -> Sequence[Any]:
    log = Event.__table__
    columns = (log.c.type, log.c.entity, log.c.record_id, log.c.actor_id, log.c.at, log.c.payload)
    return session.execute(select(*columns).order_by(log.c.seq.desc()).limit(_LOOK_BACK)).all()


def _named(session: Session, keys: Iterable[tuple[str, str]], at: dict[tuple[str, str], Any]) -> list[dict[str, Any]]:
    """The records that are still there and visible, with their names, in the order of the keys."""
    crm, wanted = crm_of(session), list(keys)
    names: dict[tuple[str, str], str] = {}
    for name in dict.fromkeys(entity for entity, _id in wanted):
        entity = crm.entities[name]
        rows = fetch_many(session, entity, [key[1] for key in wanted if key[0] == name])
        names.update({(name, row["id"]): row[entity.title] or "—" for row in rows})
    return [{"entity": key[0], "id": key[1], "name": names[key], "at": at[key]} for key in wanted if key in names]
