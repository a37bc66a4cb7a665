"""The card of a record: facts at the left, what happened in the middle, related things at the right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import g, request
from sqlalchemy.orm import Session

from crm_core.db.paging import Cursor, write_cursor
from crm_core.entity.descriptor import Entity
from crm_core.entity.query import query
from crm_core.entity.record import whole
from crm_core.entity.view import View, parse_view, sort_column
from crm_core.errors import Invalid
from crm_core.plugin.contributions import RecordAction
from crm_core.text import messages
from crm_web.context import render
from crm_web.current import say
from crm_web.links import base_of, with_query
from crm_web.panel import Block, panel_block, panels_of
from crm_web.views.record.facts import address_lines, contact_lines, fact_sections
from crm_web.views.record.reference import name_accounts
from crm_web.views.record.related import related_blocks
from crm_web.views.record.timeline import composer, timeline_block

__all__ = ["card_page", "show"]

_ = messages("web")


def show(entity: Entity, record_id: str) -> str:
    """The page of the card."""
    return card_page(entity, record_id)


def card_page(
    entity: Entity,
    record_id: str,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, list[str]] | None = None,
) -> str:
    """The card; ``typed`` and ``errors`` are of a composer that could not be saved."""
    with g.crm.reading(g.actor) as session:
        record = name_accounts(session, entity, whole(session, entity, record_id))
        panels = [block for panel in panels_of(g.crm, entity.id) if (block := panel_block(session, panel, record))]
        related = related_blocks(session, entity, record)
        events = timeline_block(session, entity, record_id)
        around = _neighbours(session, entity, record)
    return render(
        "record/card.html",
        entity=entity,
        base=base_of(entity),
        record=record,
        title=record.get(entity.title) or "—",
        sections=fact_sections(entity, record),
        points=contact_lines(record),
        addresses=address_lines(record),
        blocks=_blocks(panels),
        related=related,
        timeline=events,
        composer=composer(),
        typed=typed or {},
        errors=errors or {},
        around=around,
        actions=_actions(entity, record),
    )


def _blocks(panels: list[Block]) -> dict[str, list[Block]]:
    return {"side": panels}


def _actions(entity: Entity, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What modules offer to do with the record; ``{id}`` in their path stands for it."""
    return [
        {"label": say(a.label), "icon": a.icon, "url": a.path.replace("{id}", record["id"])}
        for a in g.crm.all(RecordAction)
        if a.entity == entity.id and not a.bulk and (a.permission is None or g.actor.may(a.permission))
    ]


def _neighbours(session: Session, entity: Entity, record: Mapping[str, Any]) -> dict[str, str | None]:
    """The records before and after this one in the list that the reader came from."""
    pairs = _list_pairs(entity)
    if pairs is None:
        return {"previous": None, "next": None}
    try:
        view = parse_view(entity, [p for p in pairs if p[0] not in {"cursor", "limit", "fields"}])
    except Invalid:
        return {"previous": None, "next": None}
    name = sort_column(entity, (view.sort or entity.sort or entity.title).removeprefix("-")) or "id"
    key = _key(session, entity, record["id"], name)
    kept = with_query("", pairs).removeprefix("?")
    return {
        way: _beside(session, entity, view, Cursor(key=key, id=record["id"], way=way), kept)
        for way in ("previous", "next")
    }


def _beside(session: Session, entity: Entity, view: View, place: Cursor, kept: str) -> str | None:
    page = query(session, entity, replace(view, cursor=write_cursor(place), limit=1, columns=(entity.title,)))
    return with_query(f"{base_of(entity)}/{page.rows[0]['id']}", [("list", kept or "all")]) if page.rows else None


def _key(session: Session, entity: Entity, record_id: str, name: str) -> Any:
    from sqlalchemy import select

    return session.execute(select(entity.table.c[name]).where(entity.table.c.id == record_id)).scalar_one()


def _list_pairs(entity: Entity) -> list[tuple[str, str]] | None:
    """The parameters of the list: carried along by the links between cards, or of the page that led here."""
    carried = request.args.get("list")
    if carried is not None:
        return [] if carried == "all" else parse_qsl(carried)
    came_from = urlsplit(request.referrer or "")
    if came_from.netloc != request.host or came_from.path != base_of(entity):
        return None
    return [pair for pair in parse_qsl(came_from.query) if pair[0] != "cursor"]
