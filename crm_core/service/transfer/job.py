"""Imports, dry runs, undos and exports as background work: true progress, cancel, resume after a crash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm_core.db.base import new_id, now
from crm_core.db.session import crm_of, origin_of
from crm_core.entity.guard import require
from crm_core.entity.trail import audit_list
from crm_core.entity.view import View, parse_view
from crm_core.errors import Conflict, NotFound
from crm_core.job.board import revive
from crm_core.job.context import Cancelled, Context
from crm_core.job.ledger import ask_cancel, enqueue
from crm_core.model import ImportBatch
from crm_core.service.transfer import batch as batches
from crm_core.service.transfer.draft import open_drafts
from crm_core.service.transfer.export import export
from crm_core.service.transfer.export_file import export_path
from crm_core.service.transfer.plan import Plan
from crm_core.service.transfer.report import Refusals
from crm_core.service.transfer.standing import standing
from crm_core.service.transfer.target import targets_of
from crm_core.service.transfer.undo import Undone, effects_after, undo_chunk
from crm_core.service.transfer.write import CsvStyle
from crm_core.text import messages

__all__ = [
    "ask_cancel_batch",
    "ask_check",
    "ask_export",
    "ask_run",
    "ask_undo",
    "run_check",
    "run_export",
    "run_import",
    "run_undo",
    "undo_at_once",
]

_ = messages("core")


def ask_check(session: Session, batch_id: str) -> str:
    """Enqueue the dry run of a batch; gives the job's id, the present one while a dry run is under way.

    Raises ``Invalid`` for a plan that cannot be done.
    """
    batch = _ready(session, batch_id)
    if standing(session, batch).state == "checking":
        return str(batch["job_id"])
    return _enqueue(session, batch, "core.import_check", "draft")


def ask_run(session: Session, batch_id: str) -> str:
    """Enqueue the run of a batch; gives the job's id. A batch runs once: a second call gives the same job."""
    batch = batches.batch_of(session, batch_id)
    if batch["state"] == "running":
        return str(batch["job_id"])
    return _enqueue(session, _ready(session, batch_id), "core.import_run", "running", key=f"import:{batch_id}")


def ask_undo(session: Session, batch_id: str) -> str:
    """Enqueue the undo of a batch that was run within thirty days; gives the job's id.

    An undo that broke off goes on where it was.
    """
    batch = batches.batch_of(session, batch_id)
    if not standing(session, batch).can_undo:
        raise Conflict(batch, message=_("This can no longer be undone."))
    if batch["state"] == "undoing":
        revive(session, batch["job_id"])
        return str(batch["job_id"])
    return _enqueue(session, batch, "core.import_undo", "undoing", key=f"undo:{batch_id}")


def undo_at_once(session: Session, batch_id: str) -> dict[str, int]:
    """Undo a small batch in the caller's transaction; gives how many records went, came back and stayed."""
    batch = batches.batch_of(session, batch_id)
    if not standing(session, batch).can_undo:
        raise Conflict(batch, message=_("This can no longer be undone."))
    total: dict[str, int] = Undone().counts()
    kept: list[str] = []
    place: tuple[int, str] | None = None
    while effects := effects_after(session, batch_id, place):
        done = undo_chunk(session, batch_id, effects)
        batches.add_counts(total, done.counts())
        kept += done.kept
        place = (effects[-1]["row_no"], effects[-1]["entity"])
    _undone(session, batch, total, kept)
    return total


def ask_cancel_batch(session: Session, batch_id: str) -> None:
    """Stop what is being done with a batch; nothing happens where nothing is."""
    batch = batches.batch_of(session, batch_id)
    if standing(session, batch).state in {"checking", "running"}:
        ask_cancel(session, str(batch["job_id"]))


def ask_export(
    session: Session, entity_id: str, pairs: list[tuple[str, str]], kind: str, style: CsvStyle | None = None
) -> str:
    """Enqueue an export of a list as its address describes it; gives the job's id."""
    entity = crm_of(session).entities[entity_id]
    require(session, entity, "export")
    parse_view(entity, pairs)
    args = {
        "entity": entity_id,
        "view": pairs,
        "format": kind,
        "style": asdict(style) if style else None,
        "origin": origin_of(session),
    }
    return enqueue(session, "core.export", args)


def run_check(context: Context, args: Mapping[str, Any]) -> dict[str, Any]:
    """The job of a dry run: counts and first problems go into the batch, all of them into a file beside it."""
    batch = _batch(context, args)

    def advance(rows: int, share: float) -> None:
        with context.step() as step:
            step.done, step.total = rows, max(rows, round(rows / share)) if share > 0 else None
        if context.cancelled:
            raise Cancelled({"rows": rows})

    with Refusals(batches.file_of(context.crm, batch), batch["id"]) as refusals:
        found = batches.dry_run(context.crm, context.actor, batch, advance, refusals.add)
        refusals.keep()
    with context.step() as step:
        step.done = step.total = found["counts"].get("rows", 0)
        _keep_findings(step.session, batch["id"], context.job.id, found)
    return dict(found["counts"])


def _keep_findings(session: Session, batch_id: str, job_id: str, found: Mapping[str, Any]) -> None:
    """Write what a dry run found, unless the plan was changed or the batch was run in the meantime."""
    table = ImportBatch.__table__
    mine = (table.c.id == batch_id) & (table.c.job_id == job_id)
    counts = {**found["counts"], "problems": found["problems"], "left_out": found["skipped"]}
    session.execute(update(table).where(mine).values(state="checked", counts=counts))


def run_import(context: Context, args: Mapping[str, Any]) -> dict[str, Any]:
    """The job of an import: a chunk is one transaction together with the place to resume at."""
    batch = _batch(context, args)
    entity, plan = context.crm.entities[batch["entity"]], Plan.from_json(batch["plan"])
    drafts = open_drafts(context.crm, entity, plan, batches.file_of(context.crm, batch), zone=context.actor.zone)
    counts: dict[str, int] = dict(context.cursor.get("counts", {}))
    for chunk in batches.chunks(drafts, context.cursor.get("row", 0)):
        if context.cancelled:
            _end(context, batch, "cancelled", counts)
            raise Cancelled(counts)
        with context.step(origin="import") as step:
            done = batches.run_chunk(step.session, batch, plan, chunk)
            step.cursor["row"] = chunk[-1].row_no
            step.cursor["counts"] = batches.add_counts(dict(counts), done)
            step.done = chunk[-1].row_no
            step.total = _total(batch, step.done, drafts.share())
        counts = dict(context.cursor["counts"])
    _end(context, batch, "done", counts)
    return dict(counts)


def run_undo(context: Context, args: Mapping[str, Any]) -> dict[str, Any]:
    """The job of an undo: from the last effect to the first, a chunk a transaction."""
    batch = _batch(context, args)
    total: dict[str, int] = dict(context.cursor.get("counts", {}))
    kept: list[str] = list(context.cursor.get("kept", []))
    while True:
        with context.step(origin="import") as step:
            place = step.cursor.get("place")
            effects = effects_after(step.session, batch["id"], tuple(place) if place else None)
            if effects:
                done: Undone = undo_chunk(step.session, batch["id"], effects)
                batches.add_counts(total, done.counts())
                kept = [*kept, *done.kept][: batches.KEPT_PROBLEMS]
                step.cursor.update(place=[effects[-1]["row_no"], effects[-1]["entity"]], counts=dict(total), kept=kept)
                step.done += len(effects)
            else:
                _undone(step.session, batch, total, kept)
        if not effects:
            return dict(total)


def run_export(context: Context, args: Mapping[str, Any]) -> dict[str, Any]:
    """The job of an export: the file appears under its name only when it is complete."""
    entity = context.crm.entities[args["entity"]]
    view: View = parse_view(entity, [(name, value) for name, value in args["view"]])
    path = export_path(context.crm, context.job.id, args["format"])
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{new_id()}.part")
    style = CsvStyle(**args["style"]) if args.get("style") else None

    def advance(rows: int) -> bool:
        with context.step() as step:
            step.done = rows
        return not context.cancelled

    try:
        rows = export(context.crm, context.actor, entity, view, part, args["format"], style=style, progress=advance)
        if context.cancelled:
            raise Cancelled({"rows": rows})
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    result = {"rows": rows, "format": args["format"], "entity": args["entity"]}
    with context.step(last=True, origin=args.get("origin", "job")) as step:
        step.done = step.total = rows
        audit_list(step.session, "exported", entity.id, {**result, "view": args["view"]})
        step.result = result
    return result


def _undone(session: Session, batch: Mapping[str, Any], total: Mapping[str, int], kept: Sequence[str]) -> None:
    counts = {**batch["counts"], "undo": {**total, "kept_ids": list(kept)[: batches.KEPT_PROBLEMS]}}
    batches.set_state(session, batch["id"], "undone", undone_at=now(), counts=counts)


def _ready(session: Session, batch_id: str) -> dict[str, Any]:
    batch = batches.batch_of(session, batch_id)
    if batch["state"] not in {"draft", "checked"}:
        raise Conflict(batch, message=_("This import has been run already."))
    crm = crm_of(session)
    entity = crm.entities.get(batch["entity"])
    if entity is None:
        raise NotFound
    Plan.from_json(batch["plan"]).check(entity, targets_of(crm, entity))
    return batch


def _enqueue(session: Session, batch: Mapping[str, Any], kind: str, state: str, key: str | None = None) -> str:
    job_id = enqueue(session, kind, {"batch": batch["id"]}, key=key, total=batch["counts"].get("rows"))
    batches.set_state(session, batch["id"], state, job_id=job_id)
    return job_id


def _batch(context: Context, args: Mapping[str, Any]) -> dict[str, Any]:
    with context.crm.reading(context.actor) as session:
        return batches.batch_of(session, args["batch"])


def _total(batch: Mapping[str, Any], done: int, share: float) -> int | None:
    """The number of rows: known from the dry run, else estimated from how much of the file has been read."""
    known = batch["counts"].get("rows")
    if known:
        return int(known)
    return max(done, round(done / share)) if share > 0 else None


def _end(context: Context, batch: Mapping[str, Any], state: str, counts: Mapping[str, int]) -> None:
    with context.step(origin="import") as step:
        batches.set_state(step.session, batch["id"], state, counts=dict(counts), finished_at=now())
        step.total = step.done
