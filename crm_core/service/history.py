"""The timeline: logging what happened with a client, and reading it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, literal_column, select
from sqlalchemy.orm import Session

from crm_core.access.predicate import binds, readable, scope_key
from crm_core.db.base import new_id, now
from crm_core.db.prepared import Prepared
from crm_core.db.session import actor_of, crm_of
from crm_core.db.types import Id
from crm_core.entity import query, trail
from crm_core.entity.descriptor import Entity
from crm_core.entity.guard import require
from crm_core.errors import Invalid, Problem
from crm_core.model import History, HistoryLink, User
from crm_core.plugin.contributions import HistoryKind
from crm_core.text import messages

__all__ = ["log", "timeline"]

_ = messages("core")

MAX_BODY = 50_000
_SHOWN = (
    "id",
    "kind",
    "label",
    "subject",
    "body",
    "direction",
    "channel",
    "outcome",
    "duration",
    "importance",
    "occurred_at",
    "created_at",
    "entity",
    "record_id",
    "payload",
    "version",
)


def log(
    session: Session,
    *,
    entity: str,
    record_id: str,
    kind: str,
    occurred_at: datetime | None = None,
    body: str | None = None,
    subject: str | None = None,
    direction: str | None = None,
    outcome: str | None = None,
    duration: int | None = None,
    participants: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Write that something happened with a record; gives the event.

    ``occurred_at`` is now where it is not given; ``duration`` is in seconds; ``participants`` are
    further ``(entity, record id)`` on whose timelines it stands. Raises ``NotFound`` when the actor may
    not see the record, ``Invalid`` for an unknown kind, a moment in the future or an empty event.
    """
    described = crm_of(session).entities[entity]
    require(session, described, "view")
    record = query.fetch(session, described, record_id)
    moment = occurred_at or now()
    _check(session, kind, moment, direction, outcome, duration, (body or "") + (subject or ""))
    event: dict[str, Any] = {
        "id": new_id(),
        "entity": entity,
        "record_id": record_id,
        "label": str(record.get(described.title) or ""),
        "kind": kind,
        "direction": direction,
        "outcome": outcome,
        "duration": duration,
        "subject": subject,
        "body": body,
        "importance": _kind(session, kind).importance,
        "occurred_at": moment.astimezone(UTC),
        "created_at": now(),
        "actor_id": actor_of(session).user_id,
        "version": 1,
    }
    _check_participants(session, participants)
    places = [(entity, record_id), *_rolled_up(described, record), *participants]
    trail.record_history(session, [event], [(event["id"], *place) for place in places])
    trail.publish(
        session,
        "core.history.logged",
        entity,
        {record_id: (record["version"], {"history_id": event["id"], "kind": kind})},
    )
    return {**event, "actor": actor_of(session).name}


def timeline(
    session: Session,
    entity: str,
    record_id: str,
    *,
    before: tuple[datetime, str] | None = None,
    kinds: Sequence[str] = (),
    limit: int = 50,
) -> list[dict[str, Any]]:
    """The events that stand on a record's timeline, the newest first, as far as the actor may see them.

    ``before`` is ``(occurred_at, id)`` of the last event of the page above.
    """
    crm, actor = crm_of(session), actor_of(session)
    key = ("timeline", bool(before), bool(kinds), limit, scope_key(crm, actor))
    # Other threads may forget all statements at any moment: what was found is used, not looked up again.
    statement: Prepared | None = crm.statements.get(key)
    if statement is None:
        made = _timeline_statement(session, bool(before), bool(kinds), limit)
        statement = crm.statements[key] = Prepared(made)
    values: dict[str, Any] = {
        **binds(actor),
        "entity": entity,
        "record": record_id,
        "kinds": list(kinds),
    }
    if before:
        values.update(before=before[0], before_id=before[1])
    keys = (*_SHOWN, "actor")
    return [dict(zip(keys, row, strict=True)) for row in statement.rows(session, values)]


def _timeline_statement(session: Session, before: bool, kinds: bool, limit: int) -> Select[Any]:
    links, events, users = HistoryLink.__table__, History.__table__, User.__table__
    statement = (
        select(*(events.c[name] for name in _SHOWN), users.c.name)
        .select_from(
            links.join(events, events.c.id == links.c.history_id).outerjoin(users, users.c.id == events.c.actor_id)
        )
        .where(
            links.c.entity == bindparam("entity"),
            links.c.record_id == bindparam("record", type_=Id()),
            events.c.deleted_at.is_(None),
        )
        .order_by(links.c.occurred_at.desc(), links.c.history_id.desc())
        .limit(literal_column(str(limit)))
    )
    if before:
        place = (links.c.occurred_at, bindparam("before", type_=links.c.occurred_at.type))
        same = (place[0] == place[1]) & (links.c.history_id < bindparam("before_id", type_=Id()))
        statement = statement.where((place[0] < place[1]) | same)
    if kinds:
        statement = statement.where(events.c.kind.in_(bindparam("kinds", expanding=True)))
    condition = readable(crm_of(session), "view", actor_of(session), events)
    return statement if condition is None else statement.where(condition)


def _kind(session: Session, kind: str) -> HistoryKind:
    found = next((known for known in crm_of(session).all(HistoryKind) if known.id == kind), None)
    if found is None:
        raise Invalid([Problem(id="core.no_such_kind", message=_("There is no such kind of event."), field="kind")])
    return found


def _check(
    session: Session,
    kind: str,
    moment: datetime,
    direction: str | None,
    outcome: str | None,
    duration: int | None,
    text: str,
) -> None:
    described = _kind(session, kind)
    checks = (
        (
            moment.tzinfo is not None and moment <= now() + timedelta(minutes=5),
            "occurred_at",
            _("This has not happened yet."),
        ),
        (moment.year >= 1900, "occurred_at", _("The year is not believable.")),
        (direction in {None, "in", "out"}, "direction", _("Choose one of: %(codes)s.", codes="in, out")),
        (
            outcome is None or outcome in {known.code for known in described.outcomes},
            "outcome",
            _("There is no such outcome."),
        ),
        (duration is None or 0 <= duration <= 30 * 24 * 3600, "duration", _("This duration is not believable.")),
        (len(text) <= MAX_BODY and "\x00" not in text, "body", _("The text is too long.")),
        (bool(text.strip()) or bool(described.outcomes) or described.directed, "body", _("Write something.")),
    )
    problems = [
        Problem(id="core.bad_event", message=message, field=field) for holds, field, message in checks if not holds
    ]
    if problems:
        raise Invalid(problems)


def _check_participants(session: Session, participants: Sequence[tuple[str, str]]) -> None:
    for name, record_id in participants:
        query.fetch(session, crm_of(session).entities[name], record_id)


def _rolled_up(entity: Entity, record: dict[str, Any]) -> list[tuple[str, str]]:
    found = [(entity.field(name), record.get(name)) for name in entity.rolls_up]
    return [(field.ref, value) for field, value in found if field is not None and field.ref is not None and value]
