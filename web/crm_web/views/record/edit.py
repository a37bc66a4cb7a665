"""Creating and changing a record through its form; whatever goes wrong, what was typed stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from flask import Response, g, request
from sqlalchemy.orm import Session
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from crm_core.entity.descriptor import Entity
from crm_core.entity.record import whole
from crm_core.entity.schema import load_input
from crm_core.entity.write import create, update
from crm_core.errors import Conflict, Invalid, NotAllowed
from crm_core.text import messages
from crm_web.context import render
from crm_web.current import say
from crm_web.links import base_of
from crm_web.negotiate import local_path
from crm_web.submission import lead_to, submit
from crm_web.toast import toast
from crm_web.views.record.chip import labels_of
from crm_web.views.record.conflict import settle, show_conflict
from crm_web.views.record.draft import Draft, draft_of_form, draft_of_record, load_data, slots_of
from crm_web.views.record.form import error_lines, errors_by_field, form_sections
from crm_web.views.record.reference import name_accounts, resolve_typed

__all__ = ["change", "edit", "new", "store"]

_ = messages("web")


def new(entity: Entity) -> str:
    """The empty form, with what the address presets (``?account_id=…``)."""
    preset: dict[str, Any] = {
        slot.name: request.args[slot.name] for slot in slots_of(g.crm, entity) if slot.name in request.args
    }
    preset = {**_defaults(entity), "owner_id": g.actor.user_id, **preset}
    with g.crm.reading(g.actor) as session:
        record = {**preset, **_labels(session, entity, preset)}
    draft = draft_of_record(g.crm, entity, record, g.actor.zone)
    return _form(entity, draft, {}, None)


def store(entity: Entity) -> Response:
    """Creates the record of the form."""
    draft = draft_of_form(g.crm, entity, request.form)

    def work(session: Session) -> Response:
        data = load_data(g.crm, entity, resolve_typed(session, entity, draft), _filled(draft), g.actor.zone)
        (row,) = create(session, entity, [load_input(session, entity, data)])
        toast(_("“%(name)s” was added", name=str(row.get(entity.title) or "")))
        return lead_to(_after_new(entity, row["id"]))

    try:
        return submit(work)
    except Invalid as error:
        return Response(_form(entity, draft, errors_by_field(error.problems), None), 422)


def edit(entity: Entity, record_id: str) -> str:
    """The form of a stored record."""
    with g.crm.reading(g.actor) as session:
        record = name_accounts(session, entity, whole(session, entity, record_id, action="edit"))
    return _form(entity, draft_of_record(g.crm, entity, record, g.actor.zone), {}, record)


def change(entity: Entity, record_id: str) -> Response:
    """Writes what was changed in the form; what others changed meanwhile is put before the one who saves."""
    draft = settle(entity, draft_of_form(g.crm, entity, request.form), request.form)
    was = _was()

    def work(session: Session) -> Response:
        names = resolve_typed(session, entity, draft).changed(was) & {*draft.texts, *draft.parts}
        data = load_data(g.crm, entity, draft, names, g.actor.zone)
        if data:
            loaded = load_input(session, entity, data, partial=True)
            update(session, entity, {record_id: loaded}, versions=_versions(record_id))
            toast(_("Saved"))
        return lead_to(local_path(request.form.get("back"), f"{base_of(entity)}/{record_id}"))

    try:
        return submit(work)
    except Conflict:
        return show_conflict(entity, record_id, draft, was)
    except Invalid as error:
        return Response(_form(entity, draft, errors_by_field(error.problems), _shown_again(entity, record_id)), 422)


def _form(entity: Entity, draft: Draft, errors: Mapping[str, Sequence[str]], record: Mapping[str, Any] | None) -> str:
    fresh = record is None
    if fresh and not g.actor.may(f"{entity.id}.create"):
        raise NotAllowed
    base = base_of(entity)
    path = base if record is None else f"{base}/{record['id']}"
    return render(
        "record/form.html",
        heading=say(entity.new_label or _("New")) if record is None else str(record.get(entity.title) or ""),
        action=f"{base}/new" if record is None else f"{path}/edit",
        sections=form_sections(entity, draft, errors),
        errors=error_lines(errors),
        version=record["version"] if record else None,
        was=request.form.get("was") or orjson.dumps(draft.snapshot()).decode(),
        back=local_path(request.values.get("back"), ""),
        cancel_url=path,
        crumbs=[(say(entity.plural), base)],
        fresh=fresh,
        draft_key=path,
    )


def _shown_again(entity: Entity, record_id: str) -> dict[str, Any]:
    """What a form that comes back with errors says of its record; the version stays the one that was read."""
    with g.crm.reading(g.actor) as session:
        record = whole(session, entity, record_id, action="edit")
    return {**record, "version": request.form.get("version") or record["version"]}


def _was() -> dict[str, Any]:
    try:
        found = orjson.loads(request.form.get("was") or "{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _versions(record_id: str) -> dict[str, int] | None:
    version = request.form.get("version", "")
    return {record_id: int(version)} if version.isdigit() else None


def _filled(draft: Draft) -> set[str]:
    """What of a new record was filled in; the rest keeps its default."""
    return {name for name, value in draft.snapshot().items() if value} | {n for n in draft.texts if n == "owner_id"}


def _defaults(entity: Entity) -> dict[str, Any]:
    """What the columns of a new record hold when nobody says anything."""
    columns = ((slot.name, slot.carrier.table.c[slot.field.name].default) for slot in slots_of(g.crm, entity))
    return {name: default.arg for name, default in columns if isinstance(default, ScalarElementColumnDefault)}


def _labels(session: Session, entity: Entity, preset: Mapping[str, Any]) -> dict[str, Any]:
    from crm_core.entity.columns import label_name

    refs = [slot for slot in slots_of(g.crm, entity) if slot.field.ref and preset.get(slot.name)]
    return {
        label_name(slot.name): labels_of(session, slot.field.ref or "", [preset[slot.name]]).get(preset[slot.name])
        for slot in refs
    }


def _after_new(entity: Entity, record_id: str) -> str:
    if request.form.get("again"):
        return f"{base_of(entity)}?again=1"
    return local_path(request.form.get("back"), f"{base_of(entity)}/{record_id}")
