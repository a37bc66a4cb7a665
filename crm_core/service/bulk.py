"""Changing many records at once: a background job in chunks, with effects so that it can be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from crm_core.db.base import new_id, now
from crm_core.db.bulk import insert_rows
from crm_core.db.session import actor_of, crm_of
from crm_core.entity.descriptor import Entity
from crm_core.entity.guard import require
from crm_core.entity.query import count, matching_ids
from crm_core.entity.schema import load_input
from crm_core.entity.trail import plain
from crm_core.entity.view import View, parse_view
from crm_core.entity.write import update
from crm_core.errors import Invalid, Problem
from crm_core.job.context import Cancelled, Context
from crm_core.job.ledger import enqueue
from crm_core.model import ImportBatch, ImportEffect
from crm_core.service.transfer import batch as batches
from crm_core.service.transfer.lookup import visible_ids
from crm_core.text import messages

__all__ = ["CAP", "ask_bulk", "change_many", "run_bulk"]

_ = messages("core")

CAP = 200_000
MOST_IDS = 5_000
CHUNK = 1_000


def ask_bulk(
    session: Session,
    entity_id: str,
    change: Mapping[str, Any],
    *,
    ids: Sequence[str] = (),
    view: Sequence[tuple[str, str]] | None = None,
) -> str:
    """Enqueue a change of the given records, or of all that a list's address describes; gives the batch's id.

    ``change`` is unchecked input of fields. Raises ``Invalid`` and ``NotAllowed`` before anything is done.
    """
    crm = crm_of(session)
    entity = crm.entities[entity_id]
    load_input(session, entity, change, partial=True)
    require(session, entity, _action(change))
    action = _action(change)
    if view is None:
        number = len(ids)
    else:
        number = count(session, entity, parse_view(entity, view), CAP)
    if not number:
        raise Invalid([Problem(id="bulk.nothing", message=_("No record is chosen."))])
    if number > (MOST_IDS if view is None else CAP):
        raise Invalid(
            [Problem(id="bulk.too_many", message=_("These are too many records at once: narrow the filter."))]
        )
    batch_id, plan = new_id(), {name: plain(value) for name, value in change.items()}
    row = {
        "id": batch_id,
        "kind": "bulk",
        "entity": entity_id,
        "principal_id": actor_of(session).id,
        "plan": {"change": plan},
        "state": "running",
        "counts": {"rows": number},
        "created_at": now(),
    }
    session.execute(insert(ImportBatch.__table__), row)
    args = {"batch": batch_id, "entity": entity_id, "action": action, "change": plan, "ids": sorted(ids), "view": view}
    job_id = enqueue(session, "core.bulk", args, key=f"bulk:{batch_id}", total=number)
    batches.set_state(session, batch_id, "running", job_id=job_id)
    return batch_id


def run_bulk(context: Context, args: Mapping[str, Any]) -> dict[str, Any]:
    """The job of a bulk change: a chunk is one transaction; its place is the id of the last record."""
    entity = context.crm.entities[args["entity"]]
    while True:
        if context.cancelled:
            _end(context, args["batch"], "cancelled")
            raise Cancelled({"rows": context.done})
        with context.step() as step:
            part = _next(step.session, entity, args, step.cursor.get("after"))
            if part:
                change_many(step.session, entity, part, args["change"], batch_id=args["batch"], first=step.done)
                step.cursor["after"] = part[-1]
                step.done += len(part)
        if not part:
            _end(context, args["batch"], "done")
            return {"rows": context.done}


def _next(session: Session, entity: Entity, args: Mapping[str, Any], after: str | None) -> list[str]:
    if args["view"] is None:
        return [key for key in args["ids"] if after is None or key > after][:CHUNK]
    view: View = parse_view(entity, [(name, value) for name, value in args["view"]])
    return matching_ids(session, entity, view, CHUNK, args["action"], after)


def _end(context: Context, batch_id: str, state: str) -> None:
    with context.step() as step:
        counts = {"rows": context.done, "updated": context.done}
        batches.set_state(step.session, batch_id, state, finished_at=now(), counts=counts)


def _action(change: Mapping[str, Any]) -> str:
    return "assign" if set(change) == {"owner_id"} else "edit"


def change_many(
    session: Session, entity: Entity, ids: Sequence[str], change: Mapping[str, Any], *, batch_id: str, first: int = 0
) -> list[dict[str, Any]]:
    """Make one change to many records and keep what undo needs; records that went meanwhile are passed over."""
    loaded = load_input(session, entity, change, partial=True)
    live = visible_ids(session, entity, ids, _action(loaded))
    changed = update(session, entity, {key: dict(loaded) for key in live})
    effects = [
        {
            "batch_id": batch_id,
            "row_no": first + position,
            "entity": entity.id,
            "record_id": row["id"],
            "outcome": "updated",
            "version_after": row["version"],
            "before": {name: plain(value) for name, value in row["before"].items()},
            "problems": None,
        }
        for position, row in enumerate(changed, 1)
    ]
    insert_rows(session, ImportEffect.__table__, effects)
    return changed
