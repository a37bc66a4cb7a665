"""Import batches: a file is kept, looked at, tried, run, reported on and undone."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from crm_core.db.base import new_id, now
from crm_core.db.session import actor_of, crm_of
from crm_core.entity.descriptor import Entity
from crm_core.entity.guard import require
from crm_core.errors import Conflict, NotAllowed, NotFound
from crm_core.model import ImportBatch
from crm_core.service.transfer.apply import apply, message_to_json, place_of, tally
from crm_core.service.transfer.convert import text_of
from crm_core.service.transfer.decide import Decision, decide
from crm_core.service.transfer.detect import detect, file_format
from crm_core.service.transfer.draft import Draft, Drafts, open_drafts
from crm_core.service.transfer.lookup import people
from crm_core.service.transfer.plan import Plan
from crm_core.service.transfer.reader import open_rows
from crm_core.service.transfer.seen import DrySeen, RunSeen, Seen
from crm_core.service.transfer.table import unreadable
from crm_core.service.transfer.target import default_keys, propose_columns, targets_of
from crm_core.text import fold, messages, storable

if TYPE_CHECKING:
    from crm_core.access.principal import Principal
    from crm_core.runtime import Crm

__all__ = [
    "CHUNK",
    "batch_of",
    "configure",
    "dry_run",
    "file_of",
    "open_batch",
    "preview",
    "run_chunk",
    "set_state",
    "store_file",
]

_ = messages("core")

CHUNK = 2_000
SAMPLE_ROWS = 50
KEPT_PROBLEMS = 200
KEPT_SKIPPED = 50


def store_file(directory: Path, stream: IO[bytes]) -> tuple[Path, str]:
    """Keep an uploaded file under the hash of its content (SHA-256), safe against power loss; gives path and hash."""
    directory.mkdir(parents=True, exist_ok=True)
    digest, temporary = hashlib.sha256(), directory / f".{new_id()}.part"
    with temporary.open("wb") as target:
        while block := stream.read(1 << 20):
            digest.update(block)
            target.write(block)
        target.flush()
        os.fsync(target.fileno())
    path = directory / digest.hexdigest()
    temporary.replace(path)
    _sync_directory(directory)
    return path, digest.hexdigest()


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_batch(session: Session, entity_id: str, stream: IO[bytes], file_name: str) -> dict[str, Any]:
    """Keep a file, look at it and propose a plan; gives the batch.

    Raises ``Invalid`` where the file cannot be read at all, ``NotAllowed`` without the right to import.
    """
    entity = _entity(session, entity_id)
    if not actor_of(session).may("core.import"):
        raise NotAllowed
    require(session, entity, "create")
    crm = crm_of(session)
    path, digest = store_file(_directory(crm), stream)
    plan = _propose(session, entity, path, {})
    if file_name.lower().endswith((".vcf", ".vcard")) and plan.format != "vcard":
        raise unreadable("file.no_cards", _("The file holds no vCard."))
    batch_id = new_id()
    batch = {
        "id": batch_id,
        "kind": "import",
        "entity": entity_id,
        "principal_id": actor_of(session).id,
        "file_name": storable(file_name)[:200],
        "file_hash": digest,
        "plan": plan.to_json(),
        "counts": {},
        "state": "draft",
        "created_at": now(),
    }
    session.execute(insert(ImportBatch.__table__), batch)
    return batch_of(session, batch_id)


def _propose(session: Session, entity: Entity, path: Path, chosen: Mapping[str, str]) -> Plan:
    kind = file_format(path)
    if kind == "vcard":
        keys = ("external_id", "email", "phone") if entity.id == "core.contact" else ("external_id", "name")
        return Plan(format=kind, keys=keys, system="vcard")
    shape = detect(path, chosen or None)
    with open_rows(path, shape) as rows:
        samples = [[text_of(cell) for cell in row.values] for row in itertools.islice(rows, SAMPLE_ROWS)]
        columns = propose_columns(crm_of(session), entity, rows.headings, samples)
    columns = tuple(
        column for column in columns if column.target != "owner_id" or _known_people(session, column.column, samples)
    )
    return Plan(format=kind, shape=shape, columns=columns, keys=default_keys(entity, columns))


def _known_people(session: Session, column: int, samples: list[list[str]]) -> bool:
    """Whether a column names people of ours; another program's ids of people would make every row an error."""
    names = {fold(row[column]) for row in samples if column < len(row) and row[column]}
    return bool(names & people(session).keys())


def batch_of(session: Session, batch_id: str) -> dict[str, Any]:
    """A batch that the actor started (an administrator sees all). Raises ``NotFound``."""
    table = ImportBatch.__table__
    row = session.execute(select(table).where(table.c.id == batch_id)).mappings().one_or_none()
    actor = actor_of(session)
    if row is None or (row["principal_id"] != actor.id and not actor.may("core.admin")):
        raise NotFound
    return dict(row)


def configure(
    session: Session, batch_id: str, *, shape: Mapping[str, str] | None = None, plan: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Change how a batch is to be imported: detected properties (the columns are proposed anew), or the plan.

    Raises ``Invalid`` for what cannot be done and ``Conflict`` for a batch that was run.
    """
    batch = batch_of(session, batch_id)
    if batch["state"] not in {"draft", "checked"}:
        raise Conflict(batch, message=_("This import has been run already."))
    crm, entity = crm_of(session), _entity(session, batch["entity"])
    if shape is not None:
        made = _propose(session, entity, file_of(crm, batch), shape)
    else:
        made = Plan.from_json({**batch["plan"], **(plan or {})})
        made.check(entity, targets_of(crm, entity))
    # Without its job: a dry run that is still under way must not write about another plan.
    set_state(session, batch_id, "draft", plan=made.to_json(), counts={}, job_id=None)
    return batch_of(session, batch_id)


def preview(crm: Crm, batch: Mapping[str, Any], *, rows: int = 5) -> dict[str, Any]:
    """The headings and first rows of a batch's file as text, for the screen; empty for vCards."""
    plan = Plan.from_json(batch["plan"])
    if plan.shape is None:
        return {"headings": (), "rows": []}
    with open_rows(file_of(crm, batch), plan.shape) as table:
        shown = [[text_of(cell)[:120] for cell in row.values] for row in itertools.islice(table, rows)]
        return {"headings": table.headings, "rows": shown}


def dry_run(
    crm: Crm,
    actor: Principal,
    batch: Mapping[str, Any],
    progress: Callable[[int, float], None] | None = None,
    refused: Callable[[Sequence[dict[str, Any]]], None] | None = None,
) -> dict[str, Any]:
    """What a run would do: counts, the first problems and the first skipped rows; nothing is written to the database.

    ``progress`` gets the rows that were looked at and the share of the file that was read, ``refused`` the rows
    with errors, chunk by chunk. Memory does not grow with the file; each chunk reads in a session of its own.
    """
    entity, plan = crm.entities[batch["entity"]], Plan.from_json(batch["plan"])
    plan.check(entity, targets_of(crm, entity))
    counts: dict[str, int] = {}
    problems: list[dict[str, Any]] = []
    skipped: list[dict[str, Any]] = []
    drafts = open_drafts(crm, entity, plan, file_of(crm, batch), zone=actor.zone)
    with contextlib.closing(DrySeen()) as seen:
        for chunk in chunks(drafts, 0):
            with crm.reading(actor, origin="import") as session:
                decisions = decide(session, entity, plan, chunk, seen)
            add_counts(counts, tally(decisions))
            errors = _shown(decisions, "error")
            skipped.extend(_shown(decisions, "skipped")[: KEPT_SKIPPED - len(skipped)])
            problems.extend(errors[: KEPT_PROBLEMS - len(problems)])
            if refused is not None:
                refused(errors)
            if progress is not None:
                progress(counts["rows"], drafts.share())
    return {"counts": counts, "problems": problems, "skipped": skipped}


def run_chunk(session: Session, batch: Mapping[str, Any], plan: Plan, chunk: list[Draft]) -> dict[str, int]:
    """Import one chunk in the caller's transaction; gives its counts."""
    entity = _entity(session, batch["entity"])
    seen: Seen = RunSeen(batch["id"])
    decisions = decide(session, entity, plan, chunk, seen)
    apply(session, entity, plan, batch["id"], decisions)
    return tally(decisions)


def chunks(drafts: Drafts, done: int) -> Iterator[list[Draft]]:
    """The drafts in chunks, without the first ``done`` of them."""
    rest = itertools.islice(iter(drafts), done, None)
    while chunk := list(itertools.islice(rest, CHUNK)):
        yield chunk


def add_counts(total: dict[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Add counts to a total, in place; gives the total."""
    for name, number in more.items():
        total[name] = total.get(name, 0) + number
    return total


def set_state(session: Session, batch_id: str, state: str, **values: Any) -> None:
    """Write the state of a batch and further columns."""
    table = ImportBatch.__table__
    session.execute(update(table).where(table.c.id == batch_id).values(state=state, **values))


def file_of(crm: Crm, batch: Mapping[str, Any]) -> Path:
    """Where the file of a batch is kept."""
    return _directory(crm) / str(batch["file_hash"])


def _directory(crm: Crm) -> Path:
    return crm.settings.data_dir / "imports"


def _entity(session: Session, entity_id: str) -> Entity:
    found = crm_of(session).entities.get(entity_id)
    if found is None:
        raise NotFound
    return found


def _shown(decisions: list[Decision], outcome: str) -> list[dict[str, Any]]:
    return [
        {
            "row": d.draft.row_no,
            **place_of(d.draft),
            "outcome": d.outcome,
            "problems": [message_to_json(p) for p in d.problems],
        }
        for d in decisions
        if d.outcome == outcome
    ]
