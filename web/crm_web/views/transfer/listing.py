"""The list of imports and bulk changes: who, when, which file, what came of it, undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.db.session import actor_of
from crm_core.model import ImportBatch, User
from crm_core.service.transfer.standing import Standing, standings
from crm_core.text import messages
from crm_web.context import render
from crm_web.current import actor, crm, say
from crm_web.policy import signed_in
from crm_web.views.transfer.words import STATES

__all__ = ["blueprint"]

_ = messages("web")
blueprint = Blueprint("imports", __name__)

MOST = 100
_KINDS = {"import": _("Imports"), "bulk": _("Changes of many records")}


@blueprint.get("/imports")
@signed_in
def show() -> str:
    """The last batches of the reader; an administrator sees those of everybody."""
    kind = request.args.get("kind", "import")
    kind = kind if kind in _KINDS else "import"
    with crm().reading(actor()) as session:
        batches = _batches(session, kind)
        found = standings(session, batches)
    rows = [_row(batch, found[batch["id"]]) for batch in batches]
    tabs = [
        {
            "label": say(label),
            "url": "/imports" if code == "import" else f"/imports?kind={code}",
            "active": code == kind,
        }
        for code, label in _KINDS.items()
    ]
    return render("transfer/list.html", rows=rows, tabs=tabs, kind=kind)


def _batches(session: Session, kind: str) -> list[Mapping[str, Any]]:
    table, users = ImportBatch.__table__, User.__table__
    statement = (
        select(table, users.c.name.label("who"))
        .outerjoin(users, users.c.id == table.c.principal_id)
        .where(table.c.kind == kind)
        .order_by(table.c.created_at.desc(), table.c.id.desc())
        .limit(MOST)
    )
    person = actor_of(session)
    if not person.may("core.admin"):
        statement = statement.where(table.c.principal_id == person.id)
    return [dict(row) for row in session.execute(statement).mappings()]


def _row(batch: Mapping[str, Any], found: Standing) -> dict[str, Any]:
    label, tone = STATES[found.state]
    entity = crm().entities.get(batch["entity"])
    counts = batch["counts"]
    return {
        "id": batch["id"],
        "name": batch["file_name"] or say(_("Change of many records")),
        "entity": say(entity.plural) if entity is not None else batch["entity"],
        "who": batch["who"],
        "at": batch["created_at"],
        "state": say(label),
        "tone": tone,
        "counts": {name: counts.get(name, 0) for name in ("created", "updated", "skipped", "error")},
        "ran": found.state not in {"draft", "checking", "checked"},
        "can_undo": found.can_undo,
    }
