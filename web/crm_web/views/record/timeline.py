"""The timeline of a record: what happened, filtered by kind, page by page, and the composer that adds to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, g, request
from sqlalchemy.orm import Session

from crm_core.entity.descriptor import Entity
from crm_core.errors import Invalid
from crm_core.plugin.contributions import HistoryKind
from crm_core.service.history import log, timeline
from crm_core.text import messages
from crm_web.context import render
from crm_web.current import say
from crm_web.links import base_of, record_url, with_query
from crm_web.submission import lead_to, submit
from crm_web.toast import toast
from crm_web.views.record.form import errors_by_field

__all__ = ["PAGE", "composer", "log_entry", "more", "timeline_block"]

_ = messages("web")

PAGE = 30
_TONES = {0: "neutral", 1: "info", 2: "accent", 3: "success"}
_DIRECTION_ICONS = {("core.call", "in"): "phone-incoming", ("core.call", "out"): "phone-outgoing"}


def timeline_block(session: Session, entity: Entity, record_id: str) -> dict[str, Any]:
    """What the timeline's template needs: events, the filter by kind, and where the next page is."""
    kind = request.args.get("kind", "")
    known = {k.id for k in g.crm.all(HistoryKind)}
    kinds = (kind,) if kind in known else ()
    found = timeline(session, entity.id, record_id, before=_before(), kinds=kinds, limit=PAGE + 1)
    events = [_event(event, entity.id, record_id) for event in found[:PAGE]]
    path = f"{base_of(entity)}/{record_id}/timeline"
    last = found[PAGE - 1] if len(found) > PAGE else None
    more_url = with_query(path, [("kind", kind), ("before", _mark(last))]) if last else None
    return {"events": events, "more_url": more_url, "kind": kind, "first_page": "before" not in request.args}


def more(entity: Entity, record_id: str) -> str:
    """A further page of the timeline, or its first page under another filter."""
    from crm_core.entity.query import fetch

    with g.crm.reading(g.actor) as session:
        record = fetch(session, entity, record_id)
        block = timeline_block(session, entity, record_id)
    return render("record/timeline.html", entity=entity, base=base_of(entity), record=record, timeline=block)


def composer() -> dict[str, Any]:
    """What one can write down by hand: kinds with their outcomes; the first six have a key each."""
    kinds = [kind for kind in g.crm.all(HistoryKind) if kind.composer]
    return {
        "kinds": [(kind.id, say(kind.label), kind.icon) for kind in kinds],
        "directed": " ".join(kind.id for kind in kinds if kind.directed),
        "timed": " ".join(kind.id for kind in kinds if kind.timed),
        "outcomes": [(kind.id, [(c.code, say(c.label)) for c in kind.outcomes]) for kind in kinds if kind.outcomes],
    }


def log_entry(entity: Entity, record_id: str) -> Response:
    """Writes down what happened and leads back to the card."""
    form = request.form

    def work(session: Session) -> Response:
        kind = form.get("kind", "core.note")
        log(
            session,
            entity=entity.id,
            record_id=record_id,
            kind=kind,
            occurred_at=_moment(form.get("occurred_at", "")),
            body=form.get("body", "").strip() or None,
            direction=form.get("direction") or None,
            outcome=form.get(f"outcome.{kind}") or None,
            duration=_seconds(form.get("minutes", "")),
        )
        toast(_("Written down"))
        return lead_to(f"{base_of(entity)}/{record_id}")

    try:
        return submit(work)
    except Invalid as error:
        from crm_web.views.record.card import card_page

        return Response(card_page(entity, record_id, typed=form, errors=errors_by_field(error.problems)), 422)


def _event(event: Mapping[str, Any], entity: str, record_id: str) -> dict[str, Any]:
    kind = next((k for k in g.crm.all(HistoryKind) if k.id == event["kind"]), None)
    label = say(kind.label) if kind else event["kind"]
    elsewhere = (event["entity"], event["record_id"]) != (entity, record_id)
    return {
        "id": event["id"],
        "icon": _DIRECTION_ICONS.get((event["kind"], event["direction"]), kind.icon if kind else "point"),
        "kind": label,
        "title": _title(event, kind, label),
        "about": event["label"] if elsewhere else None,
        "url": record_url(g.crm, event["entity"], event["record_id"]) if elsewhere else None,
        "when": event["occurred_at"],
        "who": event["actor"],
        "tone": _TONES.get(event["importance"], "neutral"),
        "body": event["body"] or "",
        "outcome": _outcome(event, kind),
        "minutes": round(event["duration"] / 60) if event["duration"] else None,
    }


def _title(event: Mapping[str, Any], kind: HistoryKind | None, label: str) -> str:
    if event["subject"]:
        return str(event["subject"])
    if kind is not None and kind.directed and event["direction"]:
        way = _("incoming") if event["direction"] == "in" else _("outgoing")
        return f"{label}, {say(way)}"
    return label


def _outcome(event: Mapping[str, Any], kind: HistoryKind | None) -> tuple[str, str] | None:
    found = next((c for c in kind.outcomes if c.code == event["outcome"]), None) if kind else None
    return (say(found.label), found.colour) if found else None


def _mark(event: Mapping[str, Any] | None) -> str:
    return f"{event['occurred_at'].isoformat()}_{event['id']}" if event else ""


def _before() -> tuple[datetime, str] | None:
    moment, _sep, event_id = request.args.get("before", "").partition("_")
    try:
        return (datetime.fromisoformat(moment).astimezone(UTC), event_id) if len(event_id) == 36 else None
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    """The moment of the form in the writer's zone; nothing, and what is not one, is now."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return None
    return local.replace(tzinfo=local.tzinfo or ZoneInfo(g.actor.zone))


def _seconds(minutes: str) -> int | None:
    return int(minutes) * 60 if minutes.strip().isdigit() and len(minutes.strip()) < 6 else None
