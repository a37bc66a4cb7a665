"""Who is responsible: the team of an owner, and the history of assignments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_core.db.base import new_id, now
from crm_core.db.bulk import insert_rows, values_list
from crm_core.db.session import actor_of
from crm_core.entity import trail
from crm_core.entity.descriptor import Entity
from crm_core.errors import Invalid, Problem
from crm_core.model import Assignment, User
from crm_core.text import messages

__all__ = ["FIELDS", "record", "team_of"]

_ = messages("core")

FIELDS = frozenset({"owner_id", "team_id"})


def team_of(session: Session, owner_id: str | None, otherwise: str | None = None) -> str | None:
    """The primary team of an owner, asked once a session; without an owner the record stays where it is.

    Raises ``Invalid`` for an owner who does not exist or is not active.
    """
    actor = actor_of(session)
    if owner_id is None:
        return otherwise if otherwise is not None else actor.team_id
    if owner_id == actor.user_id:
        return actor.team_id
    known: dict[str, str | None] = session.info.setdefault("teams_of", {})
    if owner_id not in known:
        users = User.__table__
        row = session.execute(select(users.c.team_id).where(users.c.id == owner_id, users.c.is_active)).one_or_none()
        if row is None:
            problem = Problem(id="core.no_such_owner", message=_("There is no such active user."), field="owner_id")
            raise Invalid([problem])
        known[owner_id] = row.team_id
    return known[owner_id]


def record(
    session: Session,
    entity: Entity,
    old: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
    reason: str | None,
) -> None:
    """Close the old assignments of records whose owner or team changed, and open the new ones."""
    moved = {key: change for key, change in after.items() if change.keys() & FIELDS}
    if not moved:
        return
    moment, actor = now(), actor_of(session)
    rows = Assignment.__table__
    chosen = rows.c.record_id.in_(select(values_list(session, list(moved)).c.id))
    closed = session.execute(
        update(rows).where(chosen, rows.c.until.is_(None)).values(until=moment).returning(rows.c.record_id)
    )
    known = set(closed.scalars())
    # A record that was never assigned anew has no row yet: its first owner is told by the record itself.
    first = [
        _row(entity, key, old[key], old[key]["created_at"], moment, None, None) for key in moved if key not in known
    ]
    current = [
        _row(entity, key, {**old[key], **change}, moment, None, reason, actor.id) for key, change in moved.items()
    ]
    insert_rows(session, rows, first + current)
    payload = {
        key: {"from": old[key]["owner_id"], "to": change.get("owner_id", old[key]["owner_id"]), "reason": reason}
        for key, change in moved.items()
    }
    trail.happened(session, entity, "core.assigned", {key: old[key] for key in moved}, importance=1, payload=payload)


def _row(
    entity: Entity,
    record_id: str,
    values: Mapping[str, Any],
    since: Any,
    until: Any,
    reason: str | None,
    by: str | None,
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "entity": entity.id,
        "record_id": record_id,
        "owner_id": values["owner_id"],
        "team_id": values["team_id"],
        "since": since,
        "until": until,
        "reason": reason,
        "assigned_by": by,
    }
