"""Operations on what happened with a record: its timeline, a new event, and the card that shows it all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, request
from marshmallow import RAISE, Schema, ValidationError, fields
from sqlalchemy.orm import Session

from crm_core.db.paging import Cursor, read_cursor, write_cursor
from crm_core.db.session import crm_of
from crm_core.entity.descriptor import Entity
from crm_core.entity.guard import require
from crm_core.entity.query import fetch, query
from crm_core.entity.schema import problems_of
from crm_core.entity.view import Filter, View
from crm_core.errors import Invalid, Problem
from crm_core.plugin.contributions import HistoryKind
from crm_core.runtime import Crm
from crm_core.service import history
from crm_core.text import Msg, messages
from crm_web.api.body import read_object
from crm_web.api.caller import reading, writing
from crm_web.api.once import once
from crm_web.api.output import answer, etag
from crm_web.api.record import one_id

__all__ = ["CARD_EVENTS", "EventSchema", "list_events", "log_event", "read_card"]

_ = messages("web")

MAX_EVENTS = 200
CARD_EVENTS = 50
_CONTACTS = 100
_CONTACT_FIELDS = ("name", "position", "phone", "email", "do_not_call")


class Participant(Schema):
    """A further record on whose timeline an event stands."""

    entity = fields.String(required=True)
    id = fields.UUID(required=True)


class EventSchema(Schema):
    """What happened: the input of ``log``."""

    kind = fields.String(required=True)
    subject = fields.String(allow_none=True)
    body = fields.String(allow_none=True)
    occurred_at = fields.AwareDateTime(allow_none=True, format="iso")
    direction = fields.String(allow_none=True)
    outcome = fields.String(allow_none=True)
    duration = fields.Integer(strict=True, allow_none=True)
    participants = fields.List(fields.Nested(Participant(unknown=RAISE)))


def list_events(crm: Crm, entity: Entity, record_id: str) -> Response:
    """A page of a record's timeline, the newest first."""
    key = one_id(record_id)
    with reading(crm) as session:
        require(session, entity, "view")
        before, kinds, limit = _page_wanted(crm)
        fetch(session, entity, key)
        events = history.timeline(session, entity.id, key, before=before, kinds=kinds, limit=limit + 1)
    return answer({"items": events[:limit], "next": _next(events, limit)})


def log_event(crm: Crm, entity: Entity, record_id: str) -> Response:
    """Writes that something happened with a record, once for each ``Idempotency-Key``."""
    key = one_id(record_id)
    with writing(crm) as session:

        def write() -> Response:
            event = history.log(session, entity=entity.id, record_id=key, **_event(session))
            del event["actor_id"]
            return answer(event, 201, {"Location": request.path})

        return once(session, write)


def read_card(crm: Crm, entity: Entity, record_id: str) -> Response:
    """What a card shows: the record, the people of an account, the newest events. Six statements at most."""
    key = one_id(record_id)
    with reading(crm) as session:
        require(session, entity, "view")
        row = fetch(session, entity, key)
        del row["deleted_at"]
        card: dict[str, Any] = {"record": row}
        if entity.id == "core.account":
            card["contacts"] = _contacts(session, key)
        events = history.timeline(session, entity.id, key, limit=CARD_EVENTS + 1)
        card["history"] = {"items": events[:CARD_EVENTS], "next": _next(events, CARD_EVENTS)}
    return answer(card, headers={"ETag": etag(row["version"])})


def _contacts(session: Session, account_id: str) -> list[dict[str, Any]]:
    people = crm_of(session).entities["core.contact"]
    view = View(columns=_CONTACT_FIELDS, filters=(Filter("account_id", "eq", account_id),), limit=_CONTACTS)
    return query(session, people, view).rows


def _next(events: list[dict[str, Any]], limit: int) -> str | None:
    if len(events) <= limit:
        return None
    last = events[limit - 1]
    return write_cursor(Cursor(key=last["occurred_at"], id=last["id"]))


def _page_wanted(crm: Crm) -> tuple[tuple[datetime, str] | None, list[str], int]:
    """The parameters of a timeline. Raises ``Invalid`` naming all that do not fit."""
    problems: list[Problem] = []
    given = request.args.to_dict()
    before, limit = None, CARD_EVENTS
    if "before" in given:
        try:
            cursor = read_cursor(given.pop("before"), datetime)
            before = (cursor.key, cursor.id)
        except ValueError:
            problems.append(_parameter("before", _("The page address is damaged.")))
    kinds = [kind for kind in given.pop("kind", "").split(",") if kind]
    if not set(kinds) <= {known.id for known in crm.all(HistoryKind)}:
        problems.append(_parameter("kind", _("There is no such kind of event.")))
    wanted = given.pop("limit", str(CARD_EVENTS))
    if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted[:6]) <= MAX_EVENTS:
        limit = int(wanted)
    else:
        problems.append(_parameter("limit", _("Give a number from 1 to %(most)s.", most=MAX_EVENTS)))
    problems += [_parameter(name[:100], _("There is no such parameter.")) for name in given]
    if problems:
        raise Invalid(problems)
    return before, kinds, limit


def _parameter(name: str, message: Msg) -> Problem:
    return Problem(id="core.bad_parameter", message=message, field=name)


def _event(session: Session) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = EventSchema(unknown=RAISE).load(read_object())
    except ValidationError as error:
        raise Invalid(problems_of(error.messages_dict)) from error
    loaded["participants"] = [(item["entity"], str(item["id"])) for item in loaded.get("participants", ())]
    known = crm_of(session).entities
    unknown = [number for number, (entity, _id) in enumerate(loaded["participants"]) if entity not in known]
    if unknown:
        message = _("There is no such kind of record.")
        names = [f"participants.{number}.entity" for number in unknown]
        raise Invalid([Problem(id="core.bad_value", message=message, field=name) for name in names])
    return loaded
