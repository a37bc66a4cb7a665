"""The second step of an import: what was detected, which column goes where, what happens on a match."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, redirect, request
from sqlalchemy.orm import Session

from crm_core.errors import Invalid, NotFound
from crm_core.service.transfer import FileShape
from crm_core.service.transfer import batch as batches
from crm_core.service.transfer.job import ask_check
from crm_core.service.transfer.plan import ColumnPlan, Plan
from crm_core.service.transfer.standing import standing
from crm_core.text import messages
from crm_web.context import render
from crm_web.current import actor, crm, say
from crm_web.links import with_query
from crm_web.policy import require
from crm_web.submission import lead_to, submit
from crm_web.views.record.chip import labels_of
from crm_web.views.transfer.mapping import column_views, columns_of_form, options_of
from crm_web.views.transfer.properties import chosen_of_form, property_fields
from crm_web.views.transfer.rules import default_fields, keys_of, makes_accounts, rules_of_form
from crm_web.views.transfer.steps import wizard
from crm_web.views.transfer.words import ON_MATCH

__all__ = ["blueprint"]

_ = messages("web")
blueprint = Blueprint("import_setup", __name__)

Errors = dict[str, list[str]]


@blueprint.get("/imports/<uuid:batch_id>/setup")
@require("core.import")
def show(batch_id: Any) -> Any:
    """The form, as far as the batch may still be changed."""
    with crm().reading(actor()) as session:
        batch = batches.batch_of(session, str(batch_id))
        state = standing(session, batch).state
    if batch["kind"] != "import":
        raise NotFound
    if state not in {"draft", "checked"}:
        return redirect(f"/imports/{batch_id}", 303)
    return _page(batch, Plan.from_json(batch["plan"]), {})


@blueprint.post("/imports/<uuid:batch_id>/setup")
@require("core.import")
def change(batch_id: Any) -> Response:
    """Detects anew with what was changed, or keeps the plan and begins the dry run."""

    def work(session: Session) -> Response:
        batch = batches.batch_of(session, str(batch_id))
        if request.form.get("do") == "check":
            return _check(session, batch)
        return _detect_anew(session, batch)

    try:
        return submit(work)
    except Invalid as error:
        return _refused(str(batch_id), error)


def _check(session: Session, batch: Mapping[str, Any]) -> Response:
    entity = crm().entities[batch["entity"]]
    plan = rules_of_form(request.form)
    if batch["plan"].get("shape"):
        plan["columns"] = [_plain(column) for column in columns_of_form(request.form, entity)]
    batches.configure(session, batch["id"], plan=plan)
    ask_check(session, batch["id"])
    return lead_to(f"/imports/{batch['id']}")


def _detect_anew(session: Session, batch: Mapping[str, Any]) -> Response:
    """Where the columns are called as before, what a person has set for them stays."""
    entity, before = crm().entities[batch["entity"]], _headings(batch)
    shape = FileShape.from_json(batch["plan"]["shape"])
    chosen = chosen_of_form(request.form, shape, set(request.form.get("chosen", "").split(",")))
    changed = batches.configure(session, batch["id"], shape=chosen)
    if before and _headings(changed) == before:
        columns = [_plain(column) for column in columns_of_form(request.form, entity)]
        kept = {"columns": columns} if columns else {}
        batches.configure(session, batch["id"], plan={**rules_of_form(request.form), **kept})
    return lead_to(with_query(f"/imports/{batch['id']}/setup", [("chosen", ",".join(chosen))]))


def _refused(batch_id: str, error: Invalid) -> Response:
    """The form with everything that was chosen in it, and what is wrong."""
    with crm().reading(actor()) as session:
        batch = batches.batch_of(session, batch_id)
    errors: Errors = {}
    for problem in error.problems:
        text = " ".join(filter(None, (say(problem.message), say(problem.hint))))
        errors.setdefault(problem.field or "", []).append(text)
    return Response(_page(batch, _plan_of_form(Plan.from_json(batch["plan"])), errors), 422)


def _plan_of_form(stored: Plan) -> Plan:
    rules = rules_of_form(request.form)
    columns = []
    for name, code in request.form.items():
        if name.startswith("column.") and name[7:].isdigit() and code:
            target, _colon, label = code.partition(":")
            columns.append(ColumnPlan(column=int(name[7:]), target=target, label=label))
    return replace(stored, columns=tuple(columns), **{**rules, "keys": tuple(rules["keys"])})


def _page(batch: Mapping[str, Any], plan: Plan, errors: Errors) -> str:
    entity = crm().entities[batch["entity"]]
    preview, unreadable = _preview(batch)
    return render(
        "transfer/setup.html",
        wizard=wizard(batch, "setup"),
        batch=batch,
        entity=entity,
        properties=property_fields(plan.shape) if plan.shape else [],
        chosen=request.values.get("chosen", ""),
        columns=column_views(preview, plan.columns, errors),
        options=options_of(entity) if plan.shape else [],
        keys=keys_of(entity, plan),
        on_match=[(code, say(label), say(text), code == plan.on_match) for code, (label, text) in ON_MATCH.items()],
        asks_missing=makes_accounts(entity),
        defaults=default_fields(entity, plan, _people(plan)) if plan.shape else [],
        plan=plan,
        reasons=[text for name, texts in errors.items() if not name.startswith("column.") for text in texts]
        + unreadable,
    )


def _preview(batch: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The first rows; a file that cannot be read as it is set now gives the reason instead."""
    try:
        return batches.preview(crm(), batch), []
    except Invalid as error:
        return {"headings": (), "rows": []}, [say(problem.message) for problem in error.problems]


def _headings(batch: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(_preview(batch)[0]["headings"])


def _people(plan: Plan) -> dict[str, str]:
    owner = plan.defaults.get("owner_id")
    if not owner:
        return {}
    with crm().reading(actor()) as session:
        return labels_of(session, "core.user", [owner])


def _plain(column: ColumnPlan) -> dict[str, Any]:
    return {"column": column.column, "target": column.target, "label": column.label}
