"""An export that was asked for: how far it is, and the file for the one who asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from crm_core.entity.descriptor import Entity
from crm_core.errors import NotFound
from crm_core.job import ledger
from crm_core.service.transfer.export_file import ExportFile, export_file
from crm_web.context import render
from crm_web.current import actor, crm, say
from crm_web.negotiate import is_htmx
from crm_web.policy import signed_in
from crm_web.submission import lead_to
from crm_web.views.transfer.attachment import attachment

__all__ = ["blueprint", "shown"]

blueprint = Blueprint("exports", __name__, url_prefix="/exports/<uuid:job_id>")


@blueprint.get("")
@signed_in
def show(job_id: Any) -> str:
    """How far an export is, and the file when it is done."""
    with crm().reading(actor()) as session:
        return shown(session, str(job_id), "page")


@blueprint.get("/progress")
@signed_in
def progress(job_id: Any) -> Any:
    """The piece of the page, or of the dialog, that changes."""
    if not is_htmx():
        return lead_to(f"/exports/{job_id}")
    with crm().reading(actor()) as session:
        return shown(session, str(job_id), "piece")


@blueprint.get("/file")
@signed_in
def fetch(job_id: Any) -> Response:
    """The file; the right to export is looked at again."""
    with crm().reading(actor()) as session:
        found = export_file(session, str(job_id))
    name = f"{say(found.entity.plural)} {datetime.now(UTC):%Y-%m-%d}.{found.kind}"
    return attachment(found.path, name)


def shown(session: Session, job_id: str, frame: str, entity: Entity | None = None) -> str:
    """The state of an export; ``frame`` is page, dialog or piece. Raises ``NotFound`` for the exports of others."""
    job = ledger.progress(session, job_id)
    if job.kind != "core.export":
        raise NotFound
    found = _file(session, job_id) if job.state == "done" else None
    return render("transfer/exported.html", job=job, file=found, frame=frame, entity=found.entity if found else entity)


def _file(session: Session, job_id: str) -> ExportFile | None:
    """The file, while it is kept and for the one who asked for it."""
    try:
        return export_file(session, job_id)
    except NotFound:
        return None
