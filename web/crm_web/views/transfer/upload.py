"""The first step of an import: what is in the file, and the file."""

from __future__ import annotations

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session

from crm_core.errors import Invalid, NotFound
from crm_core.service.transfer.batch import open_batch
from crm_core.text import messages
from crm_web.context import render
from crm_web.current import actor, crm, say
from crm_web.links import base_of
from crm_web.policy import require
from crm_web.submission import lead_to, submit
from crm_web.views.transfer.steps import STEPS

__all__ = ["blueprint"]

_ = messages("web")
blueprint = Blueprint("import_file", __name__)


@blueprint.get("/import")
@require("core.import")
def choose() -> str:
    """The form of the file."""
    return _page(request.args.get("entity", ""), [])


@blueprint.post("/import")
@require("core.import")
def take() -> Response:
    """Keeps the file and leads to what was found in it; a file that cannot be read is said on the same page."""
    chosen, upload = request.form.get("entity", ""), request.files.get("file")
    if chosen not in {code for code, _label in _entities()}:
        raise NotFound
    if upload is None or not upload.filename:
        return Response(_page(chosen, [say(_("Choose a file first."))]), 422)

    def work(session: Session) -> Response:
        batch = open_batch(session, chosen, upload.stream, upload.filename or "")
        return lead_to(f"/imports/{batch['id']}/setup")

    try:
        return submit(work)
    except Invalid as error:
        reasons = [" ".join(filter(None, (say(p.message), say(p.hint)))) for p in error.problems]
        return Response(_page(chosen, reasons), 422)


def _page(chosen: str, reasons: list[str]) -> str:
    return render(
        "transfer/upload.html",
        steps=[say(step) for step in STEPS],
        entities=_entities(),
        chosen=chosen,
        reasons=reasons,
        back=_back(chosen),
    )


def _entities() -> list[tuple[str, str]]:
    """The kinds of records that the reader may add."""
    return [(key, say(entity.plural)) for key, entity in crm().entities.items() if actor().may(f"{key}.create")]


def _back(chosen: str) -> str:
    entity = crm().entities.get(chosen)
    return base_of(entity) if entity is not None else "/imports"
