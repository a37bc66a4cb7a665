"""``Draft``: what a form holds as text, whether it comes from a record or from what somebody typed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import g
from werkzeug.datastructures import MultiDict

from crm_core.entity.columns import label_name
from crm_core.entity.descriptor import Entity, Field, Part
from crm_core.plugin.contributions import FieldExtension
from crm_core.runtime import Crm
from crm_web.views.record.values import form_text, typed

__all__ = ["ITEM_FIELDS", "Draft", "Slot", "draft_of_form", "draft_of_record", "load_data", "slots_of"]

# What one item of a part consists of, by the kind of part; the first one must be filled in for the item to count.
ITEM_FIELDS: Mapping[str, tuple[str, ...]] = {
    "points": ("value", "label", "is_primary", "opt_out", "invalid"),
    "addresses": ("lines", "city", "region", "postcode", "country", "kind"),
    "affiliations": ("account_id", "position", "role", "since", "until", "is_primary"),
}
_FLAGS = frozenset({"is_primary", "opt_out", "invalid"})
_ADDRESS = frozenset({"lines", "city", "region", "postcode", "country"})
MOST_ITEMS = 50


@dataclass(frozen=True, slots=True)
class Slot:
    """One field of a form: the entity or extension that describes it, and its name in the form."""

    name: str
    field: Field
    carrier: Entity
    extension: FieldExtension | None = None


@dataclass(slots=True)
class Draft:
    """The texts of a form.

    ``texts`` maps the names of fields to text (``True``/``False`` for yes and no); ``labels`` holds what references
    are called; ``parts`` maps parts to their items, each a mapping of texts.
    """

    texts: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    parts: dict[str, list[Any]] = field(default_factory=dict)

    def changed(self, before: Mapping[str, Any]) -> set[str]:
        """The names of the fields and parts whose text differs from ``before`` (``snapshot`` of another draft)."""
        now = self.snapshot()
        return {name for name, value in now.items() if value != before.get(name)}

    def snapshot(self) -> dict[str, Any]:
        """The whole draft as plain values, equal for two drafts that say the same."""
        parts = {name: [_nameless(item) for item in items] for name, items in self.parts.items()}
        return {**{name: value or "" for name, value in self.texts.items()}, **parts}


def slots_of(crm: Crm, entity: Entity) -> list[Slot]:
    """All fields that a form of the entity may change, those of modules included."""
    slots = [Slot(found.name, found, entity) for found in entity.fields if found.editable]
    if "owner_id" in entity.table.c and g.actor.may(f"{entity.id}.assign"):
        from crm_web.views.record.column import described

        slots.append(Slot("owner_id", described(entity, "owner_id"), entity))
    for extension in (e for e in crm.all(FieldExtension) if e.entity == entity.id):
        slots.extend(_extension_slots(extension))
    return slots


def _extension_slots(extension: FieldExtension) -> Iterator[Slot]:
    carrier = Entity(
        id=extension.id, model=extension.model, label=extension.label, plural=extension.label, icon="", path="",
        fields=extension.fields,
    )  # fmt: skip
    module = extension.id.split(".")[0]
    for found in extension.fields:
        yield Slot(f"ext.{module}.{found.name}", found, carrier, extension)


def draft_of_record(crm: Crm, entity: Entity, record: Mapping[str, Any], zone: str) -> Draft:
    """The draft that shows a record as it is stored (or the preset values of a new one)."""
    draft = Draft()
    for slot in slots_of(crm, entity):
        value = _stored(record, slot)
        draft.texts[slot.name] = form_text(value, slot.carrier.kind_of(slot.field), zone)
        if slot.field.ref:
            draft.labels[slot.name] = record.get(label_name(slot.name)) or ""
    for part in entity.parts:
        draft.parts[part.name] = _shown_items(part, record.get(part.name) or [])
    return draft


def draft_of_form(crm: Crm, entity: Entity, form: MultiDict[str, str]) -> Draft:
    """The draft that a submitted form holds; fields that the form did not show are left out."""
    draft = Draft()
    for slot in slots_of(crm, entity):
        if slot.carrier.kind_of(slot.field) == "bool":
            if f"shown.{slot.name}" in form:
                draft.texts[slot.name] = slot.name in form
        elif slot.name in form:
            draft.texts[slot.name] = form[slot.name].strip().replace("\r\n", "\n")
            draft.labels[slot.name] = form.get(f"{slot.name}_text", "")
    for part in entity.parts:
        if f"shown.{part.name}" in form:
            draft.parts[part.name] = _submitted_items(part, form)
    return draft


def load_data(crm: Crm, entity: Entity, draft: Draft, names: set[str], zone: str) -> dict[str, Any]:
    """The named fields and parts of a draft as input for the entity's schema."""
    data: dict[str, Any] = {}
    for slot in slots_of(crm, entity):
        if slot.name not in names:
            continue
        value = typed(slot.carrier, slot.field, str(_flag(draft.texts[slot.name])), zone)
        _place(data, slot.name.split("."), value)
    for name in names & draft.parts.keys():
        data[name] = [_loaded_item(item) for item in draft.parts[name]]
    return data


def _flag(value: Any) -> Any:
    return {True: "1", False: ""}.get(value, value) if isinstance(value, bool) else value


def _place(data: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        data = data.setdefault(step, {})
    data[path[-1]] = value


def _stored(record: Mapping[str, Any], slot: Slot) -> Any:
    found: Any = record
    for step in slot.name.split("."):
        found = (found or {}).get(step)
    return found


def _kind(part: Part) -> str:
    return part.widget.partition(":")[0]


def _shown_items(part: Part, items: list[Any]) -> list[Any]:
    names = ITEM_FIELDS.get(_kind(part))
    if names is None:
        return [str(item) for item in items] if _kind(part) == "tags" else []
    shown = [_shown_item(item, names) for item in items]
    if _kind(part) == "points" and shown and not any(item["is_primary"] for item in shown):
        shown[0]["is_primary"] = True
    return shown


def _shown_item(item: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    shown = {name: bool(item.get(name)) if name in _FLAGS else str(item.get(name) or "") for name in names}
    if "account_id" in names:
        shown["account"] = item.get("account") or ""
    return shown


def _submitted_items(part: Part, form: MultiDict[str, str]) -> list[Any]:
    if _kind(part) == "tags":
        return [name.strip() for text in form.getlist(part.name) for name in text.split(",") if name.strip()]
    names = ITEM_FIELDS.get(_kind(part), ())
    primary = form.get(f"{part.name}.primary", "")
    items = [_submitted_item(form, f"{part.name}.{n}", names, primary == str(n)) for n in _numbers(part, form)]
    return [item for item in items if _counts(item)]


def _numbers(part: Part, form: MultiDict[str, str]) -> list[int]:
    pattern = re.compile(rf"{re.escape(part.name)}\.(\d{{1,4}})\.")
    found = {int(match[1]) for name in form if (match := pattern.match(name))}
    return sorted(found)[:MOST_ITEMS]


def _submitted_item(form: MultiDict[str, str], prefix: str, names: tuple[str, ...], primary: bool) -> dict[str, Any]:
    item: dict[str, Any] = {}
    for name in names:
        key = f"{prefix}.{name}"
        item[name] = (primary if name == "is_primary" else key in form) if name in _FLAGS else form.get(key, "").strip()
    if "account_id" in names:
        item["account"] = form.get(f"{prefix}.account_id_text", "")
    return item


def _counts(item: Mapping[str, Any]) -> bool:
    """Whether somebody filled the item in: an empty line of the form is none."""
    wanted = _ADDRESS & item.keys() or {"value", "account_id"} & item.keys()
    return any(item[name] for name in wanted)


def _loaded_item(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    return {name: value if value != "" else None for name, value in _nameless(item).items()}


def _nameless(item: Any) -> Any:
    """An item without the name of the account that it points to: only the reference counts."""
    return {name: value for name, value in item.items() if name != "account"} if isinstance(item, dict) else item
