"""The trash of an entity: putting a record there, seeing what lies there, bringing it back."""

from __future__ import annotations

from typing import Any

from flask import Response, g, request
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from crm_core.access.predicate import binds, visible
from crm_core.entity.descriptor import Entity
from crm_core.entity.trash import restore, trash
from crm_core.errors import NotAllowed
from crm_core.model import User
from crm_core.text import messages
from crm_web.context import render
from crm_web.links import base_of
from crm_web.submission import lead_to, submit
from crm_web.toast import toast

__all__ = ["bring_back", "put_away", "show"]

_ = messages("web")

MOST = 200


def put_away(entity: Entity, record_id: str) -> Response:
    """Puts one record into the trash; the message offers to take that back."""

    def work(session: Session) -> Response:
        version = request.form.get("version", "")
        mark = trash(session, entity, [record_id], versions={record_id: int(version)} if version.isdigit() else None)
        toast(_("It is in the trash now"), undo=f"{base_of(entity)}/restore/{mark}")
        return lead_to(base_of(entity))

    return submit(work)


def bring_back(entity: Entity, mark: str) -> Response:
    """Brings back everything that one step put into the trash."""

    def work(session: Session) -> Response:
        ids = restore(session, entity, mark)
        toast(_.plural("%(n)s record is back", "%(n)s records are back", len(ids)))
        return lead_to(f"{base_of(entity)}/{ids[0]}" if len(ids) == 1 else base_of(entity))

    return submit(work)


def show(entity: Entity) -> str:
    """The last records in the trash, each with the step that put it there."""
    if not g.actor.may(f"{entity.id}.delete"):
        raise NotAllowed
    with g.crm.reading(g.actor) as session:
        rows = _rows(session, entity)
    return render("record/trash.html", entity=entity, base=base_of(entity), rows=rows, most=MOST)


def _rows(session: Session, entity: Entity) -> list[dict[str, Any]]:
    table, users = entity.table, User.__table__
    condition = visible(g.crm, entity, "delete", g.actor)
    statement = (
        select(table.c.id, table.c[entity.title], table.c.deleted_at, table.c.deleted_batch, users.c.name)
        .outerjoin(users, users.c.id == table.c.updated_by)
        .where(and_(table.c.deleted_at.is_not(None), table.c.merged_into_id.is_(None)))
        .order_by(table.c.deleted_at.desc(), table.c.id)
        .limit(MOST)
    )
    if condition is not None:
        statement = statement.where(condition)
    names = ("id", "name", "deleted_at", "mark", "who")
    return [dict(zip(names, row, strict=True)) for row in session.execute(statement, binds(g.actor))]
