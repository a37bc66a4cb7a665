"""Operations on imports: send a file, look at the plan, try it, run it, read what failed, undo it."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from flask import Response, request
from marshmallow import RAISE, Schema, ValidationError, fields
from sqlalchemy.orm import Session

from crm_core.db.session import actor_of
from crm_core.entity.schema import problems_of
from crm_core.errors import Invalid, NotAllowed, Problem
from crm_core.runtime import Crm
from crm_core.service.transfer import batch as batches
from crm_core.service.transfer import job as jobs
from crm_core.service.transfer.report import LeftOut, refused_rows
from crm_core.service.transfer.standing import standing
from crm_core.text import Msg, messages
from crm_web.api.body import read_object
from crm_web.api.caller import reading, writing
from crm_web.api.output import answer
from crm_web.api.problem import caller_language
from crm_web.api.record import one_id

__all__ = [
    "PlanSchema",
    "cancel_import",
    "change_import",
    "check_import",
    "list_errors",
    "open_import",
    "read_import",
    "run_import",
    "undo_import",
]

_ = messages("web")

ERRORS = 200
_SHOWN = ("id", "entity", "file_name", "plan", "counts", "created_at", "finished_at", "undone_at")


class ColumnSchema(Schema):
    """Which field a column of the file goes into."""

    column = fields.Integer(strict=True, required=True)
    target = fields.String(required=True)
    label = fields.String()


class PlanSchema(Schema):
    """How a file is imported; ``shape`` decides what was detected otherwise, and proposes the columns anew."""

    shape = fields.Dict(keys=fields.String(), values=fields.String())
    columns = fields.List(fields.Nested(ColumnSchema(unknown=RAISE)))
    keys = fields.List(fields.String())
    on_match = fields.String()
    defaults = fields.Dict(keys=fields.String(), values=fields.String())
    create_missing = fields.Boolean()
    system = fields.String()


def open_import(crm: Crm) -> Response:
    """Keeps the file in the body, looks at it and proposes a plan; nothing is imported yet."""
    with reading(crm) as session:
        if not actor_of(session).may("core.import"):
            raise NotAllowed
        entity, name = request.args.get("entity", ""), request.args.get("file_name", "")
        if entity not in crm.entities:
            raise _refused("entity", _("There is no such kind of record."))
    # Received before the transaction begins: a slow line must not hold up other writers.
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(request.stream, file)
        file.seek(0)
        return _opened(crm, entity, file, name)


def read_import(crm: Crm, batch_id: str) -> Response:
    """How far an import is, and what came of it."""
    with reading(crm) as session:
        return _shown(session, batch_id)


def change_import(crm: Crm, batch_id: str) -> Response:
    """Changes the plan of an import that was not run yet."""
    with writing(crm) as session:
        try:
            plan = PlanSchema(unknown=RAISE).load(read_object())
        except ValidationError as error:
            raise Invalid(problems_of(error.messages_dict)) from error
        shape = plan.pop("shape", None)
        if shape is not None:
            batches.configure(session, one_id(batch_id), shape=shape)
        if plan or shape is None:
            batches.configure(session, one_id(batch_id), plan=plan)
        return _shown(session, batch_id)


def check_import(crm: Crm, batch_id: str) -> Response:
    """Starts a dry run: the counts and problems that the run would have."""
    return _started(crm, batch_id, jobs.ask_check)


def run_import(crm: Crm, batch_id: str) -> Response:
    """Starts the import; a second call starts nothing again."""
    return _started(crm, batch_id, jobs.ask_run)


def undo_import(crm: Crm, batch_id: str) -> Response:
    """Starts to take an import back; records that were changed since are left alone and counted."""
    return _started(crm, batch_id, jobs.ask_undo)


def cancel_import(crm: Crm, batch_id: str) -> Response:
    """Stops what is being done at its next step; what was done stays, and can be undone."""
    return _started(crm, batch_id, jobs.ask_cancel_batch)


def list_errors(crm: Crm, batch_id: str) -> Response:
    """The rows that were not imported, and why; before the run those that the dry run refused."""
    with reading(crm) as session:
        batch = batches.batch_of(session, one_id(batch_id))
        after = request.args.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < 10):
            raise _refused("after", _("Give the number of a row."))
        rows = (row for row in refused_rows(session, batch, batches.file_of(crm, batch)) if row.row > int(after))
        page = list(itertools.islice(rows, ERRORS + 1))
    language = caller_language(crm)
    items = [_refusal(crm, row, language) for row in page[:ERRORS]]
    return answer({"items": items, "next": str(items[-1]["row"]) if len(page) > ERRORS else None})


def _opened(crm: Crm, entity: str, file: BinaryIO, name: str) -> Response:
    with writing(crm) as session:
        batch = batches.open_batch(session, entity, file, name)
        return _shown(session, batch["id"], 201, {"Location": f"{request.path}/{batch['id']}"})


def _shown(session: Session, batch_id: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    batch = batches.batch_of(session, one_id(batch_id))
    stands = standing(session, batch)
    found: dict[str, Any] = {key: batch[key] for key in _SHOWN}
    found.update(state=stands.state, can_undo=stands.can_undo, job=None)
    if stands.job is not None:
        found["job"] = {name: getattr(stands.job, name) for name in ("state", "done", "total", "error")}
    return answer(found, status, headers)


def _started(crm: Crm, batch_id: str, ask: Callable[[Session, str], object]) -> Response:
    with writing(crm) as session:
        ask(session, one_id(batch_id))
        return _shown(session, batch_id, 202)


def _refusal(crm: Crm, row: LeftOut, language: str) -> dict[str, Any]:
    return {"row": row.row, "line": row.line, "reasons": [crm.translate(reason, language) for reason in row.reasons]}


def _refused(name: str, message: Msg) -> Invalid:
    return Invalid([Problem(id="core.bad_parameter", message=message, field=name)])
