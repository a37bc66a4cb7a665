"""Changing many records: some while one waits, more as a background job; both with effects, so that undo works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from crm_core.db.base import new_id, now
from crm_core.db.bulk import insert_rows
from crm_core.db.session import actor_of, crm_of
from crm_core.entity import part
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
from crm_core.text import fold, messages

__all__ = ["AT_ONCE", "CAP", "ask_bulk", "change_at_once", "change_many", "run_bulk"]

_ = messages("core")

CAP = 200_000
MOST_IDS = 10_000
AT_ONCE = 1_000
"""So many records are changed while one waits; more become a job."""


def change_at_once(
    session: Session, entity_id: str, change: Mapping[str, Any], ids: Sequence[str], *, reason: str | None = None
) -> str:
    """Change at most ``AT_ONCE`` records, all or none, in the caller's transaction; gives the id of the batch.

    ``change`` is unchecked input of fields; items of parts (tags) are added to those that are there. Raises
    ``Invalid``, ``NotAllowed`` and, when the actor may not change one of them, ``NotFound``.
    """
    entity = _checked(session, entity_id, change)
    _check_number(len(ids), AT_ONCE)
    loaded = load_input(session, entity, change, partial=True)
    batch_id = _open(session, entity, change, len(ids), "done")
    changed = update(session, entity, _added(session, entity, ids, loaded), batch_id=batch_id, reason=reason)
    _keep_effects(session, entity, batch_id, changed, 0)
    counts = {"rows": len(ids), "updated": sum(bool(row["before"]) for row in changed)}
    batches.set_state(session, batch_id, "done", counts=counts, finished_at=now())
    return batch_id


def ask_bulk(
    session: Session,
    entity_id: str,
    change: Mapping[str, Any],
    *,
    ids: Sequence[str] = (),
    view: Sequence[tuple[str, str]] | None = None,
    reason: str | None = None,
) -> str:
    """Enqueue a change of the given records, or of all that a list's address describes; gives the batch's id.

    ``change`` is as for ``change_at_once``. Raises ``Invalid`` and ``NotAllowed`` before anything is done; records
    that the actor may not change are passed over.
    """
    entity = _checked(session, entity_id, change)
    number = len(ids) if view is None else count(session, entity, parse_view(entity, view), CAP)
    _check_number(number, MOST_IDS if view is None else CAP)
    batch_id = _open(session, entity, change, number, "running")
    args = {
        "batch": batch_id,
        "entity": entity_id,
        "action": _action(change),
        "change": _plain(change),
        "ids": sorted(ids),
        "view": view,
        "reason": reason,
    }
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
            chunk = _next(step.session, entity, args, step.cursor.get("after"))
            if chunk:
                changed = change_many(
                    step.session,
                    entity,
                    chunk,
                    args["change"],
                    batch_id=args["batch"],
                    first=step.done,
                    reason=args.get("reason"),
                )
                step.cursor["after"] = chunk[-1]
                step.cursor["updated"] = step.cursor.get("updated", 0) + sum(bool(row["before"]) for row in changed)
                step.done += len(chunk)
        if not chunk:
            return _end(context, args["batch"], "done")


def change_many(
    session: Session,
    entity: Entity,
    ids: Sequence[str],
    change: Mapping[str, Any],
    *,
    batch_id: str,
    first: int = 0,
    reason: str | None = None,
) -> list[dict[str, Any]]:
    """Make one change to many records and keep what undo needs; records that went meanwhile are passed over."""
    loaded = load_input(session, entity, change, partial=True)
    live = visible_ids(session, entity, ids, _action(loaded))
    changed = update(session, entity, _added(session, entity, live, loaded), batch_id=batch_id, reason=reason)
    _keep_effects(session, entity, batch_id, changed, first)
    return changed


def _checked(session: Session, entity_id: str, change: Mapping[str, Any]) -> Entity:
    entity = crm_of(session).entities[entity_id]
    load_input(session, entity, change, partial=True)
    require(session, entity, _action(change))
    return entity


def _check_number(number: int, most: int) -> None:
    if not number:
        raise Invalid([Problem(id="bulk.nothing", message=_("No record is chosen."))])
    if number > most:
        raise Invalid(
            [Problem(id="bulk.too_many", message=_("These are too many records at once: narrow the filter."))]
        )


def _open(session: Session, entity: Entity, change: Mapping[str, Any], number: int, state: str) -> str:
    batch_id = new_id()
    row = {
        "id": batch_id,
        "kind": "bulk",
        "entity": entity.id,
        "principal_id": actor_of(session).id,
        "plan": {"change": _plain(change)},
        "state": state,
        "counts": {"rows": number},
        "created_at": now(),
    }
    session.execute(insert(ImportBatch.__table__), row)
    return batch_id


def _added(
    session: Session, entity: Entity, ids: Sequence[str], loaded: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """The change of each record: fields as they are given, items of parts after those that are there."""
    parts = [name for name in loaded if entity.part(name) is not None]
    if not parts or not ids:
        return {key: dict(loaded) for key in ids}
    old = part.load(session, entity, ids, parts)
    return {key: {**loaded, **{name: _joined(old[key][name], loaded[name]) for name in parts}} for key in ids}


def _joined(old: Sequence[Any], added: Sequence[Any]) -> list[Any]:
    known = {_identity(item) for item in old}
    return [*old, *(item for item in added if _identity(item) not in known)]


def _identity(item: Any) -> str:
    return fold(str(item.get("norm") or sorted(item.items()))) if isinstance(item, Mapping) else fold(str(item))


def _keep_effects(
    session: Session, entity: Entity, batch_id: str, changed: Sequence[Mapping[str, Any]], first: int
) -> None:
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
        if row["before"]
    ]
    insert_rows(session, ImportEffect.__table__, effects)


def _next(session: Session, entity: Entity, args: Mapping[str, Any], after: str | None) -> list[str]:
    if args["view"] is None:
        return [key for key in args["ids"] if after is None or key > after][:AT_ONCE]
    view: View = parse_view(entity, [(name, value) for name, value in args["view"]])
    return matching_ids(session, entity, view, AT_ONCE, args["action"], after)


def _end(context: Context, batch_id: str, state: str) -> dict[str, Any]:
    counts = {"rows": context.done, "updated": context.cursor.get("updated", 0)}
    with context.step() as step:
        batches.set_state(step.session, batch_id, state, finished_at=now(), counts=counts)
        step.total = step.done
    return counts


def _action(change: Mapping[str, Any]) -> str:
    return "assign" if set(change) == {"owner_id"} else "edit"


def _plain(change: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in change.items()}
