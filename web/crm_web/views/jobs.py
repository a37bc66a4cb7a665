"""Background work: everybody sees their own, administrators all of it, with errors and «try again»."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.errors import NotFound
from crm_core.job import ledger
from crm_core.job.board import GROUPS, jobs_in, numbers, revive
from crm_core.model import ImportBatch
from crm_core.plugin.contributions import Job
from crm_core.text import Msg, messages
from crm_web.context import render
from crm_web.current import actor, crm, say
from crm_web.links import with_query
from crm_web.negotiate import is_htmx
from crm_web.policy import signed_in
from crm_web.submission import lead_to, submit
from crm_web.toast import toast

__all__ = ["blueprint"]

_ = messages("web")
blueprint = Blueprint("jobs", __name__, url_prefix="/jobs")

_TABS: Mapping[str, Msg] = {
    "running": _("Running"),
    "waiting": _("Waiting"),
    "failed": _("Failed"),
    "done": _("Finished"),
}
_STATES: Mapping[str, tuple[Msg, str]] = {
    "running": (_("Running"), "info"),
    "ready": (_("Waiting"), "neutral"),
    "parked": (_("Its module is off"), "warning"),
    "dead": (_("Failed"), "danger"),
    "done": (_("Done"), "success"),
    "cancelled": (_("Stopped"), "warning"),
}


@blueprint.get("")
@signed_in
def show() -> str:
    """The jobs of a group; the group with something in it that matters most comes first."""
    everybody = _everybody()
    with crm().reading(actor()) as session:
        counts = numbers(session, everybody=everybody)
        group = _group(counts)
        found = jobs_in(session, group, everybody=everybody)
        files = _files(session, found)
        rows = [_row(job, files) for job in found]
    values = {
        "rows": rows,
        "group": group,
        "everybody": everybody,
        "tabs": _tabs(counts, group, everybody),
        "poll": _address(group, everybody) if group in {"running", "waiting"} else None,
        "other": _address(group, not everybody),
    }
    return render("jobs/rows.html" if is_htmx() else "jobs/jobs.html", **values)


@blueprint.post("/<uuid:job_id>/again")
@signed_in
def again(job_id: Any) -> Response:
    """Lets a failed job go on from where it was."""

    def work(session: Session) -> Response:
        revive(session, str(job_id))
        toast(_("It is being tried again"))
        return lead_to(_address("", request.form.get("mine") != "1"))

    return submit(work)


@blueprint.post("/<uuid:job_id>/cancel")
@signed_in
def cancel(job_id: Any) -> Response:
    """Stops a job: at once when it waits, after its present step when it runs."""

    def work(session: Session) -> Response:
        ledger.ask_cancel(session, str(job_id))
        toast(_("It is being stopped"))
        return lead_to(_address("", request.form.get("mine") != "1"))

    return submit(work)


def _everybody() -> bool:
    return actor().may("core.admin") and request.args.get("mine") != "1"


def _group(counts: Mapping[str, int]) -> str:
    wanted = request.args.get("group", "")
    if wanted in GROUPS:
        return wanted
    if wanted:
        raise NotFound
    return next((group for group in ("running", "waiting", "failed") if counts[group]), "done")


def _address(group: str, everybody: bool) -> str:
    return with_query("/jobs", [("group", group), ("mine", "" if everybody else "1")])


def _tabs(counts: Mapping[str, int], group: str, everybody: bool) -> list[dict[str, Any]]:
    return [
        {
            "label": say(label),
            "url": _address(code, everybody),
            "active": code == group,
            "count": counts[code] if code != "done" and counts[code] else None,
        }
        for code, label in _TABS.items()
    ]


def _files(session: Session, jobs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The names of the files of imports, by batch."""
    table = ImportBatch.__table__
    wanted = {job["args"]["batch"] for job in jobs if "batch" in job["args"]}
    rows = session.execute(select(table.c.id, table.c.file_name).where(table.c.id.in_(sorted(wanted))))
    return {row.id: row.file_name for row in rows}


def _row(job: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    kind = next((known for known in crm().all(Job) if known.id == job["kind"]), None)
    label, tone = _STATES[job["state"]]
    error = (job["error"] or "").strip()
    return {
        **job,
        "label": say(kind.label) if kind is not None else job["kind"],
        "about": files.get(job["args"].get("batch", "")) or _records(job),
        "url": _url(job),
        "state_label": say(label),
        "tone": tone,
        "reason": error.splitlines()[-1][:300] if error else "",
        "detail": error if "\n" in error and actor().may("core.admin") else "",
    }


def _records(job: Mapping[str, Any]) -> str:
    entity = crm().entities.get(job["args"].get("entity", ""))
    return say(entity.plural) if entity is not None else ""


def _url(job: Mapping[str, Any]) -> str | None:
    """Where the work of a job is shown."""
    if job["kind"] == "core.export":
        return f"/exports/{job['id']}"
    batch = job["args"].get("batch") if job["kind"].startswith(("core.import", "core.bulk")) else None
    return f"/imports/{batch}" if batch else None
