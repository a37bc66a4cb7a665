"""The form of a record as its template draws it: sections with fields and parts, made from the entity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import g

from crm_core.entity.descriptor import Entity, Part, Section
from crm_core.errors import Problem
from crm_core.plugin.contributions import FieldExtension
from crm_core.text import Msg, messages
from crm_web.current import say
from crm_web.links import find_url
from crm_web.views.record.column import choice_labels
from crm_web.views.record.draft import ITEM_FIELDS, Draft, Slot, slots_of

__all__ = ["error_lines", "errors_by_field", "field_view", "form_sections"]

_ = messages("web")

_DETAILS = _("Details")
_AUTOCOMPLETE = {"email": "off", "phone": "off"}
ADDRESS_KINDS: dict[str, Msg] = {
    "billing": _("Billing address"),
    "shipping": _("Delivery address"),
    "legal": _("Registered address"),
    "home": _("Home address"),
    "other": _("Other address"),
}


def errors_by_field(problems: Iterable[Problem]) -> dict[str, list[str]]:
    """The texts of the problems by the name of the field; those of no field under an empty name."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        lines = [say(problem.message), say(problem.hint)]
        found.setdefault(problem.field or "", []).append(" ".join(filter(None, lines)))
    return found


def error_lines(errors: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """The summary above a form: the id of each field with an error, and what is wrong."""
    return [(f"f-{name}" if name else "", text) for name, texts in errors.items() for text in texts]


def form_sections(
    entity: Entity, draft: Draft, errors: Mapping[str, Sequence[str]], *, only: frozenset[str] | None = None
) -> list[dict[str, Any]]:
    """The sections of the form with their fields and parts; ``only`` limits it to the named ones."""
    slots = [slot for slot in slots_of(g.crm, entity) if only is None or slot.name in only]
    parts = [part for part in entity.parts if only is None or part.name in only]
    own = [slot for slot in slots if slot.extension is None]
    declared = entity.sections or (Section(name="main", label=_DETAILS),)
    names = {section.name for section in declared}
    sections = [
        _section(
            section.name, section.label, section.folded,
            [s for s in own if _home(s.field.section, names, declared) == section.name],
            [p for p in parts if _home(p.section, names, declared) == section.name], draft, errors,
        )
        for section in declared
    ]  # fmt: skip
    for extension in (e for e in g.crm.all(FieldExtension) if e.entity == entity.id):
        mine = [slot for slot in slots if slot.extension is extension]
        sections.append(_section(extension.id, extension.label, True, mine, [], draft, errors))
    return [section for section in sections if section["lead"] or section["fields"] or section["parts"]]


def field_view(slot: Slot, draft: Draft, errors: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """One field as ``ui.field`` draws it."""
    found, kind = slot.field, slot.carrier.kind_of(slot.field)
    view: dict[str, Any] = {
        "name": slot.name,
        "label": say(found.label),
        "kind": _control(kind),
        "value": draft.texts.get(slot.name, ""),
        "errors": list(errors.get(slot.name, ())),
        "required": found.required,
        "help": say(found.help),
    }
    if kind == "choice":
        view["choices"] = [(code, label) for code, (label, _colour) in choice_labels(found).items()]
        view["blank"] = slot.carrier.table.c[found.name].nullable
    if kind == "ref" and found.ref:
        view.update(url=find_url(found.ref), display=draft.labels.get(slot.name, ""))
    if kind in {"inn", "kpp", "ogrn"}:
        view["inputmode"] = "numeric"
    return view


def _control(kind: str) -> str:
    known = {
        "text",
        "longtext",
        "email",
        "phone",
        "url",
        "int",
        "decimal",
        "money",
        "day",
        "instant",
        "bool",
        "choice",
        "ref",
    }
    return kind if kind in known else "text"


def _home(name: str, names: set[str], declared: Sequence[Section]) -> str:
    return name if name in names else declared[0].name


def _section(
    name: str, label: Msg, folded: bool, slots: Sequence[Slot], parts: Sequence[Part], draft: Draft,
    errors: Mapping[str, Sequence[str]],
) -> dict[str, Any]:  # fmt: skip
    fields = [field_view(slot, draft, errors) for slot in slots]
    shown = [_part_view(part, draft, errors) for part in parts if _drawable(part)]
    filled = any(f["value"] or f["errors"] for f in fields) or any(p["items"] or p["errors"] for p in shown)
    # How somebody is called and reached comes first: often that is all one knows.
    points = [part for part in shown if part["widget"] == "points"]
    lead = [f for f in fields if f["required"] or f["name"].endswith("name")] if points else []
    return {
        "name": name,
        "label": say(label),
        "folded": folded,
        "open": not folded or filled,
        "lead": lead,
        "points": points if lead else [],
        "fields": [f for f in fields if f not in lead],
        "parts": [part for part in shown if part not in points or not lead],
    }


def _drawable(part: Part) -> bool:
    return part.widget.partition(":")[0] in {*ITEM_FIELDS, "tags"}


def _part_view(part: Part, draft: Draft, errors: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    widget, _colon, kind = part.widget.partition(":")
    items = draft.parts.get(part.name, [])
    mine = {name: texts for name, texts in errors.items() if name == part.name or name.startswith(f"{part.name}.")}
    return {
        "name": part.name,
        "label": say(part.label),
        "widget": widget,
        "kind": kind,
        "items": items,
        "blank": len(items),
        "errors": mine,
        "choices": [(code, say(label)) for code, label in ADDRESS_KINDS.items()] if widget == "addresses" else [],
        "account_url": find_url("core.account"),
    }
