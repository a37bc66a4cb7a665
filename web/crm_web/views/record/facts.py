"""The facts of a card: each field of the entity with its value, and the small form that changes one in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, g, request
from sqlalchemy.orm import Session

from crm_core.entity.columns import label_name
from crm_core.entity.descriptor import Entity
from crm_core.entity.point import display_phone
from crm_core.entity.record import whole
from crm_core.entity.schema import load_input
from crm_core.entity.write import update
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.text import messages
from crm_web.context import page_names, render
from crm_web.current import say
from crm_web.links import base_of
from crm_web.submission import submit
from crm_web.toast import toast
from crm_web.views.record.column import choice_labels
from crm_web.views.record.draft import Slot, draft_of_form, draft_of_record, load_data, slots_of
from crm_web.views.record.form import ADDRESS_KINDS, errors_by_field, field_view
from crm_web.views.record.reference import resolve_typed

__all__ = ["address_lines", "contact_lines", "fact_sections", "save_fact", "show_fact"]

_ = messages("web")

# Shown at the head of the card or as contact points, not once more among the facts.
_ELSEWHERE = frozenset({"name", "phone", "email"})


def fact_sections(entity: Entity, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sections of the card: fields that hold something, and those of the first section even when empty."""
    editable = {slot.name for slot in slots_of(g.crm, entity)} if _may_edit(entity) else set()
    sections = []
    first = entity.sections[0].name if entity.sections else "main"
    for name, label in [(s.name, s.label) for s in entity.sections] or [("main", _("Details"))]:
        facts = [
            _fact(entity, record, Slot(f.name, f, entity), f.name in editable)
            for f in entity.fields
            if f.section == name and f.name not in {entity.title, *_ELSEWHERE}
        ]
        shown = [fact for fact in facts if fact["value"] != "" or name == first]
        hidden = [fact for fact in facts if fact["value"] == "" and name != first and fact["edit_url"]]
        if shown or hidden:
            sections.append({"label": say(label), "facts": shown, "empty": hidden, "first": name == first})
    return [*sections, *_extended(entity, record, editable)]


def contact_lines(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Phones, e-mails, messengers and addresses as lines that one can click."""
    lines = [
        {"kind": "phone", "href": f"tel:{p['norm']}", "text": display_phone(p["norm"]), **_marks(p)}
        for p in record.get("phones") or ()
    ]
    lines += [
        {"kind": "mail", "href": f"mailto:{p['norm']}", "text": p["norm"], **_marks(p)}
        for p in record.get("emails") or ()
    ]
    lines += [
        {"kind": "message", "href": None, "text": p["value"], **_marks(p)} for p in record.get("messengers") or ()
    ]
    return lines


def address_lines(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """The postal addresses, each with what it is for."""
    names = ("postcode", "country", "region", "city", "lines")
    return [
        {
            "label": say(ADDRESS_KINDS.get(item["kind"], item["kind"])),
            "text": ", ".join(dict.fromkeys(item[name] for name in names if item.get(name))),
        }
        for item in record.get("addresses") or ()
    ]


def show_fact(entity: Entity, record_id: str, name: str) -> str:
    """One fact, or with ``?edit`` the form that changes it."""
    slot = _slot(entity, name)
    edit = "edit" in request.args
    with g.crm.reading(g.actor) as session:
        record = whole(session, entity, record_id, action="edit" if edit else "view")
    return _small_form(entity, record, slot, {}) if edit else _inside(entity, record, slot)


def save_fact(entity: Entity, record_id: str, name: str) -> Response:
    """Writes one fact and answers with it as it is stored now."""
    slot = _slot(entity, name)
    draft = draft_of_form(g.crm, entity, request.form)

    def work(session: Session) -> Response:
        data = load_data(g.crm, entity, resolve_typed(session, entity, draft), {slot.name}, g.actor.zone)
        loaded = load_input(session, entity, data, partial=True)
        version = request.form.get("version", "")
        update(session, entity, {record_id: loaded}, versions={record_id: int(version)} if version.isdigit() else None)
        return Response(_inside(entity, whole(session, entity, record_id), slot))

    try:
        return submit(work)
    except (Invalid, Conflict) as error:
        return Response(_refused_form(entity, record_id, slot, error), 422 if isinstance(error, Invalid) else 409)


def _refused_form(entity: Entity, record_id: str, slot: Slot, error: Invalid | Conflict) -> str:
    """The form again, with what was typed; after a conflict it says what is stored by now."""
    with g.crm.reading(g.actor) as session:
        record = whole(session, entity, record_id, action="edit")
    if isinstance(error, Invalid):
        return _small_form(entity, record, slot, errors_by_field(error.problems), typed=True)
    stored = _fact(entity, record, slot, False)["value"] or "—"
    toast(error.message, kind="warning")
    note = say(_("Stored by now: %(value)s. Save again to replace it.", value=str(stored)))
    return _small_form(entity, record, slot, {slot.name: [note]}, typed=True)


def _small_form(
    entity: Entity, record: Mapping[str, Any], slot: Slot, errors: Mapping[str, list[str]], *, typed: bool = False
) -> str:
    draft = (
        draft_of_form(g.crm, entity, request.form) if typed else draft_of_record(g.crm, entity, record, g.actor.zone)
    )
    return render(
        "record/fact_form.html",
        action=_url(entity, record, slot.name),
        field={**field_view(slot, draft, errors), "help": ""},
        version=record["version"],
    )


def _inside(entity: Entity, record: Mapping[str, Any], slot: Slot) -> str:
    return render("record/fact.html", fact=_fact(entity, record, slot, _may_edit(entity)))


def _slot(entity: Entity, name: str) -> Slot:
    found = next((slot for slot in slots_of(g.crm, entity) if slot.name == name), None)
    if found is None:
        raise NotFound
    return found


def _extended(entity: Entity, record: Mapping[str, Any], editable: set[str]) -> list[dict[str, Any]]:
    by_extension: dict[str, list[Slot]] = {}
    labels = {}
    for slot in slots_of(g.crm, entity):
        if slot.extension is not None:
            by_extension.setdefault(slot.extension.id, []).append(slot)
            labels[slot.extension.id] = slot.extension.label
    return [
        {
            "label": say(labels[key]),
            "facts": [_fact(entity, record, slot, slot.name in editable) for slot in slots],
            "empty": [],
            "first": False,
        }
        for key, slots in by_extension.items()
    ]


def _fact(entity: Entity, record: Mapping[str, Any], slot: Slot, editable: bool) -> dict[str, Any]:
    value, kind = _value(record, slot.name), slot.carrier.kind_of(slot.field)
    fact: dict[str, Any] = {
        "name": slot.name,
        "label": say(slot.field.label),
        "value": "",
        "url": None,
        "copy": None,
        "badge": None,
        "edit_url": f"{_url(entity, record, slot.name)}?edit" if editable and slot.field.editable else None,
    }
    if value is None or value == "":
        return fact
    return {**fact, **_written(record, slot, kind, value)}


def _written(record: Mapping[str, Any], slot: Slot, kind: str, value: Any) -> dict[str, Any]:
    names = page_names()
    if kind == "choice":
        label, colour = choice_labels(slot.field).get(value, (value, "secondary"))
        return {"value": label, "badge": colour}
    if kind == "ref":
        target = g.crm.entities.get(slot.field.ref)
        text = record.get(label_name(slot.name)) or "—"
        return {"value": text, "url": f"{base_of(target)}/{value}" if target is not None and text != "—" else None}
    if kind == "bool":
        return {"value": say(_("yes")) if value else ""}
    if kind == "url":
        return {"value": value.removeprefix("https://").removeprefix("http://"), "url": value}
    if kind == "money":
        return {"value": names["money"](value, record.get(slot.field.currency or ""))}
    if kind == "decimal" or (kind == "int" and abs(value) >= 10_000):
        return {"value": names["number"](value)}
    if kind in {"day", "instant"}:
        return {"value": names[kind](value)}
    return {"value": str(value), "copy": str(value) if kind in {"inn", "kpp", "ogrn", "vat"} else None}


def _value(record: Mapping[str, Any], name: str) -> Any:
    found: Any = record
    for step in name.split("."):
        found = (found or {}).get(step)
    return found


def _url(entity: Entity, record: Mapping[str, Any], name: str) -> str:
    return f"{base_of(entity)}/{record['id']}/facts/{name}"


def _may_edit(entity: Entity) -> bool:
    return bool(g.actor.may(f"{entity.id}.edit"))


def _marks(point: Mapping[str, Any]) -> dict[str, Any]:
    return {"label": point.get("label"), "opt_out": point.get("opt_out"), "invalid": point.get("invalid")}
