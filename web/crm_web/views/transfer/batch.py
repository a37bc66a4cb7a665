"""One import or bulk change: its dry run, its progress, its report, its undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, redirect
from sqlalchemy.orm import Session

from crm_core.db.base import new_id
from crm_core.errors import Conflict
from crm_core.service.transfer import batch as batches
from crm_core.service.transfer import job as jobs
from crm_core.service.transfer.export_file import export_path
from crm_core.service.transfer.forecast import forecast_undo
from crm_core.service.transfer.report import refused_rows, write_error_file
from crm_core.service.transfer.standing import standing
from crm_core.text import Msg, messages
from crm_web.context import render
from crm_web.current import actor, crm, say
from crm_web.negotiate import is_htmx
from crm_web.policy import require, signed_in
from crm_web.submission import lead_to, submit
from crm_web.toast import toast
from crm_web.views.transfer.attachment import attachment
from crm_web.views.transfer.report import report_of
from crm_web.views.transfer.steps import wizard
from crm_web.views.transfer.words import STATES

__all__ = ["blueprint"]

_ = messages("web")
blueprint = Blueprint("import_batch", __name__, url_prefix="/imports/<uuid:batch_id>")


@blueprint.get("")
@signed_in
def show(batch_id: Any) -> Any:
    """What the batch is at: the form while nothing was tried, then the dry run, the progress, the report."""
    with crm().reading(actor()) as session:
        batch = batches.batch_of(session, str(batch_id))
        found = standing(session, batch)
        report = report_of(session, batch, found)
    if found.state == "draft" and not report["failure"]:
        return redirect(f"/imports/{batch_id}/setup", 303)
    return render("transfer/batch.html", wizard=wizard(batch, found.state), **_named(batch, found), **report)


@blueprint.get("/progress")
@signed_in
def progress(batch_id: Any) -> Any:
    """How far the work is; when it has ended, the page that shows what came of it."""
    with crm().reading(actor()) as session:
        batch = batches.batch_of(session, str(batch_id))
        found = standing(session, batch)
    if not is_htmx() or not found.busy:
        return lead_to(f"/imports/{batch_id}")
    return render("transfer/progress.html", **_named(batch, found))


@blueprint.post("/run")
@require("core.import")
def run(batch_id: Any) -> Response:
    """Imports what the dry run has looked at."""
    return _do(batch_id, lambda session: jobs.ask_run(session, str(batch_id)))


@blueprint.post("/cancel")
@signed_in
def cancel(batch_id: Any) -> Response:
    """Stops the work after the rows that are being written just now."""
    return _do(batch_id, lambda session: jobs.ask_cancel_batch(session, str(batch_id)))


@blueprint.get("/undo")
@signed_in
def foretell(batch_id: Any) -> str:
    """What an undo would do."""
    with crm().reading(actor()) as session:
        batch = batches.batch_of(session, str(batch_id))
        found = standing(session, batch)
        forecast = forecast_undo(session, batch["id"])
    return render("transfer/undo.html", forecast=forecast, **_named(batch, found))


@blueprint.post("/undo")
@signed_in
def undo(batch_id: Any) -> Response:
    """Takes back what the batch did."""
    return _do(batch_id, lambda session: jobs.ask_undo(session, str(batch_id)))


@blueprint.get("/errors.csv")
@signed_in
def refused(batch_id: Any) -> Response:
    """The rows that were refused, with the reasons, as a file that can be corrected and imported again."""
    with crm().reading(actor()) as session:
        batch = batches.batch_of(session, str(batch_id))
        file = batches.file_of(crm(), batch)
        # In the folder of exports, which is emptied every day.
        written = export_path(crm(), new_id(), "csv")
        written.parent.mkdir(parents=True, exist_ok=True)
        write_error_file(crm(), batch, file, refused_rows(session, batch, file), written, actor().language)
    stem, errors = Path(batch["file_name"]).stem or "import", say(_("errors"))
    return attachment(written, f"{stem} - {errors}.csv")


def _do(batch_id: Any, act: Callable[[Session], object]) -> Response:
    """Do something with the batch and show it; what does not fit its state any more is said there."""

    def work(session: Session) -> Response:
        act(session)
        return lead_to(f"/imports/{batch_id}")

    try:
        return submit(work)
    except Conflict as error:
        toast(error.message, kind="warning")
        return lead_to(f"/imports/{batch_id}")


def _named(batch: Mapping[str, Any], found: Any) -> dict[str, Any]:
    label, tone = STATES[found.state]
    entity = crm().entities.get(batch["entity"])
    return {
        "batch": batch,
        "entity": entity,
        "standing": found,
        "state": say(label),
        "tone": tone,
        "title": say(_title(batch)),
    }


def _title(batch: Mapping[str, Any]) -> Msg:
    if batch["kind"] == "bulk":
        return _("Change of many records")
    return _("Import of “%(name)s”", name=batch["file_name"] or "—")
