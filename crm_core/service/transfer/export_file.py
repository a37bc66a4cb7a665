"""The files of exports and imports: who may fetch one, and how long they are kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.db.base import now
from crm_core.db.session import actor_of, crm_of
from crm_core.entity.descriptor import Entity
from crm_core.entity.guard import require
from crm_core.errors import NotFound
from crm_core.model import ImportBatch, Job
from crm_core.service.transfer.standing import UNDO_DAYS

if TYPE_CHECKING:
    from crm_core.runtime import Crm

__all__ = ["EXPORT_HOURS", "ExportFile", "export_file", "export_path", "remove_old_files"]

EXPORT_HOURS = 24
"""How long an export can be fetched."""

UPLOAD_DAYS = UNDO_DAYS + 1
"""How long an imported file is kept: as long as its errors may be of use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """A finished export: the file, what it holds, how many records, and its size in bytes."""

    path: Path
    entity: Entity
    kind: str
    rows: int
    size: int


def export_path(crm: Crm, job_id: str, kind: str) -> Path:
    """Where an export is written."""
    return crm.settings.data_dir / "exports" / f"{job_id}.{kind}"


def export_file(session: Session, job_id: str) -> ExportFile:
    """The file of a finished export, for the one who asked for it, while that person still may export.

    Raises ``NotFound`` for the exports of others, for unfinished ones and for those whose file is gone.
    """
    table = Job.__table__
    statement = select(table.c.args, table.c.result).where(
        table.c.id == job_id,
        table.c.kind == "core.export",
        table.c.state == "done",
        table.c.principal_id == actor_of(session).id,
    )
    found = session.execute(statement).one_or_none()
    crm = crm_of(session)
    entity = crm.entities.get(found.args["entity"]) if found is not None else None
    if found is None or entity is None:
        raise NotFound
    require(session, entity, "export")
    path = export_path(crm, job_id, found.args["format"])
    if not path.is_file():
        raise NotFound
    return ExportFile(
        path=path, entity=entity, kind=found.args["format"], rows=found.result["rows"], size=path.stat().st_size
    )


def remove_old_files(crm: Crm, session: Session) -> int:
    """Remove exports after a day and imported files once nothing can be undone any more; gives their number."""
    old = list(_older_than(crm.settings.data_dir / "exports", EXPORT_HOURS * 3600))
    uploads = list(_older_than(crm.settings.data_dir / "imports", UPLOAD_DAYS * 86400))
    table = ImportBatch.__table__
    fresh = select(table.c.file_hash, table.c.id).where(table.c.created_at > now() - timedelta(days=UPLOAD_DAYS))
    used = {name for row in session.execute(fresh) for name in (row.file_hash, row.id)} if uploads else set()
    old += [path for path in uploads if path.stem.strip(".") not in used]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _older_than(folder: Path, seconds: float) -> Iterator[Path]:
    until = time.time() - seconds
    for path in folder.glob("*") if folder.is_dir() else ():
        if path.is_file() and path.stat().st_mtime < until:
            yield path
