"""What the page of a batch says about its rows: counts, what was left out and why, where to go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from crm_core.entity.query import fetch_many
from crm_core.service.transfer.report import LeftOut, left_out, left_out_of_dry_run
from crm_core.service.transfer.standing import Standing
from crm_core.text import messages
from crm_web.current import crm, say
from crm_web.links import base_of, record_url

__all__ = ["report_of"]

_ = messages("web")

MOST = 50
_RUN = frozenset({"done", "cancelled", "failed", "undone"})


def report_of(session: Session, batch: Mapping[str, Any], found: Standing) -> dict[str, Any]:
    """What there is to tell in this state; names for the template."""
    counts = _counts(batch, found)
    shown = "skipped" if request.args.get("show") == "skipped" else "error"
    return {
        "counts": counts,
        "rows": _rows(session, batch, found, shown),
        "shown": shown,
        "failure": found.job.error if found.job is not None and found.job.state == "dead" else None,
        "undone": _undone(session, batch) if found.state == "undone" else None,
        "opens": _opens(batch) if found.state in _RUN - {"undone"} else None,
    }


def _counts(batch: Mapping[str, Any], found: Standing) -> dict[str, int]:
    """The numbers of rows by outcome; of work that broke off, those of its last step."""
    stored = batch["counts"]
    if found.state in {"cancelled", "failed"} and found.job is not None and found.job.result:
        stored = {**stored, **found.job.result}
    return {name: int(stored.get(name, 0)) for name in ("rows", "created", "updated", "skipped", "error")}


def _rows(session: Session, batch: Mapping[str, Any], found: Standing, shown: str) -> list[dict[str, Any]]:
    if found.state == "checked":
        return [_row(row) for row in left_out_of_dry_run(session, batch, shown, MOST)]
    if found.state in _RUN:
        return [_row(row) for row in left_out(session, batch, shown, MOST)]
    return []


def _row(row: LeftOut) -> dict[str, Any]:
    return {"row": row.row, "line": row.line, "about": row.about, "texts": [say(reason) for reason in row.reasons]}


def _undone(session: Session, batch: Mapping[str, Any]) -> dict[str, Any]:
    """What the undo did, and the records that stayed because somebody has changed them."""
    counts = batch["counts"].get("undo", {})
    kept = counts.get("kept_ids", ())[:MOST]
    return {**counts, "records": _records(session, batch["entity"], kept)}


def _records(session: Session, entity_id: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The names and addresses of records, which may also be accounts that an import of people made."""
    found: list[dict[str, Any]] = []
    for key in dict.fromkeys((entity_id, "core.account")):
        entity = crm().entities.get(key)
        rows = fetch_many(session, entity, list(ids)) if entity is not None and ids else []
        found += [
            {"name": row[entity.title] or "—", "url": record_url(crm(), key, row["id"])} for row in rows if entity
        ]
    return found


def _opens(batch: Mapping[str, Any]) -> str | None:
    """The list of the records that came from this file."""
    entity = crm().entities.get(batch["entity"])
    if entity is None or batch["kind"] != "import":
        return None
    return f"{base_of(entity)}?import_batch_id={batch['id']}"
