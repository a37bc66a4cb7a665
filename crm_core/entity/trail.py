"""What every write leaves behind: timeline events, the audit log, the event log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from crm_core.db.base import new_id, now
from crm_core.db.bulk import insert_rows
from crm_core.db.session import actor_of, origin_of, request_of
from crm_core.entity.descriptor import Entity
from crm_core.model import Audit, Event, History, HistoryLink

__all__ = ["audit", "audit_list", "happened", "plain", "publish", "record_history"]

Changes = Mapping[str, Any]


def plain(value: Any) -> Any:
    """A value as JSON keeps it, the same on both databases."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date | Decimal):
        return str(value)
    return value


def record_history(session: Session, events: Sequence[dict[str, Any]], links: Iterable[tuple[str, str, str]]) -> None:
    """Write timeline events and, as ``(event id, entity, record id)``, the records that show them."""
    if not events:
        return
    insert_rows(session, History.__table__, events)
    moments = {event["id"]: event["occurred_at"] for event in events}
    rows = [
        {"entity": entity, "record_id": record_id, "occurred_at": moments[event_id], "history_id": event_id}
        for event_id, entity, record_id in dict.fromkeys(links)
    ]
    insert_rows(session, HistoryLink.__table__, rows)


def happened(
    session: Session,
    entity: Entity,
    kind: str,
    records: Mapping[str, Mapping[str, Any]],
    *,
    batch_id: str | None = None,
    importance: int = 0,
    payload: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write one event of the program itself (created, assigned …) for each record; values name and roll up."""
    moment, actor, rolls_up = now(), actor_of(session), _rolls_up(entity)
    events, links = [], []
    for record_id, values in records.items():
        event_id = new_id()
        events.append(
            {
                "id": event_id,
                "entity": entity.id,
                "record_id": record_id,
                "label": str(values.get(entity.title) or ""),
                "kind": kind,
                "importance": importance,
                "occurred_at": moment,
                "created_at": moment,
                "actor_id": actor.user_id,
                "payload": payload.get(record_id) if payload else None,
                "import_batch_id": batch_id,
                "version": 1,
            }
        )
        links.append((event_id, entity.id, record_id))
        links.extend((event_id, target, values[name]) for name, target in rolls_up if values.get(name))
    record_history(session, events, links)


def audit(session: Session, action: str, entity: str, changes: Mapping[str, Changes | None]) -> None:
    """Write one line of the audit log for each record: who did what, from where, and the values before and after."""
    _write_audit(session, action, entity, list(changes.items()))


def audit_list(session: Session, action: str, entity: str, what: Changes) -> None:
    """Write one line of the audit log about many records at once, such as an export: ``what`` describes them."""
    _write_audit(session, action, entity, [(None, what)])


def _write_audit(
    session: Session, action: str, entity: str, lines: Sequence[tuple[str | None, Changes | None]]
) -> None:
    actor = actor_of(session)
    common = {
        "at": now(),
        "actor_id": actor.id,
        "on_behalf_of": actor.on_behalf_of,
        "action": action,
        "entity": entity,
        "origin": origin_of(session),
        "request_id": request_of(session),
    }
    insert_rows(
        session,
        Audit.__table__,
        [{"id": new_id(), **common, "record_id": key, "changes": changes} for key, changes in lines],
    )


def publish(session: Session, event_type: str, entity: str, records: Mapping[str, tuple[int, Any]]) -> None:
    """Append one event for each record, ``id → (version, payload)``, to the event log."""
    common = {"at": now(), "type": event_type, "entity": entity, "actor_id": actor_of(session).id}
    insert_rows(
        session,
        Event.__table__,
        [
            {**common, "record_id": key, "version": version, "payload": payload}
            for key, (version, payload) in records.items()
        ],
    )


def _rolls_up(entity: Entity) -> list[tuple[str, str]]:
    found = [(name, entity.field(name)) for name in entity.rolls_up]
    return [(name, field.ref) for name, field in found if field is not None and field.ref is not None]
