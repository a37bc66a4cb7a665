"""Rows of a file as drafts of records: the cells converted, nothing looked up yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crm_core.entity.descriptor import Entity
from crm_core.entity.point import normal_phone
from crm_core.errors import Problem
from crm_core.plugin.contributions import Choice, FieldExtension
from crm_core.service.transfer.convert import Reading, choice_table, convert, split_values, text_of
from crm_core.service.transfer.person_name import split_full_name
from crm_core.service.transfer.plan import ColumnPlan, Plan
from crm_core.service.transfer.reader import open_rows
from crm_core.service.transfer.table import Cell
from crm_core.service.transfer.vcard import read_cards
from crm_core.translation import LANGUAGES

if TYPE_CHECKING:
    from crm_core.runtime import Crm

__all__ = ["Draft", "Drafts", "open_drafts"]


@dataclass(slots=True, kw_only=True)
class Draft:
    """One row or card on its way to a record.

    ``row_no`` counts data rows from 1, ``line`` is where it stands in the file; ``data`` is input as
    the schema takes it; ``names`` are references given by name, to be looked up.
    """

    row_no: int
    line: int
    data: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    external_id: str | None = None
    problems: list[Problem] = field(default_factory=list)


Fill = Callable[[Draft, Cell], None]


@dataclass(slots=True)
class Drafts:
    """The drafts of one file, to iterate once; ``share()`` is how much of the file has been read (0 to 1)."""

    drafts: Iterator[Draft]
    share: Callable[[], float]

    def __iter__(self) -> Iterator[Draft]:
        return self.drafts


def open_drafts(crm: Crm, entity: Entity, plan: Plan, path: Path, *, zone: str) -> Drafts:
    """The drafts that a plan makes of a file, streamed. Raises ``Invalid`` where it cannot be read as a whole."""
    if plan.format == "vcard":
        return Drafts(_from_cards(entity, path), lambda: 0.0)
    if plan.shape is None:
        raise ValueError("a table needs a shape")
    rows = open_rows(path, plan.shape)
    reading = Reading(
        decimal_mark=plan.shape.decimal_mark.value, date_order=plan.shape.date_order.value, zone=ZoneInfo(zone)
    )
    return Drafts(_from_rows(crm, entity, plan, rows, reading), lambda: rows.done)


def _from_rows(crm: Crm, entity: Entity, plan: Plan, rows: Any, reading: Reading) -> Iterator[Draft]:
    fills = [(column.column, _fill(crm, entity, column, reading)) for column in plan.columns]
    defaults = [
        (name, _fill(crm, entity, ColumnPlan(column=0, target=name), reading), text)
        for name, text in plan.defaults.items()
    ]
    for row_no, row in enumerate(rows, 1):
        draft = Draft(row_no=row_no, line=row.line)
        if row.problem is not None:
            draft.problems.append(row.problem)
        else:
            for column, fill in fills:
                if column < len(row.values) and row.values[column] != "":
                    fill(draft, row.values[column])
            for name, fill, text in defaults:
                if name not in draft.data and name not in draft.names:
                    fill(draft, text)
        yield draft


def _from_cards(entity: Entity, path: Path) -> Iterator[Draft]:
    for result in read_cards(path):
        draft = Draft(row_no=result.number, line=result.line)
        if result.card is None:
            draft.problems.extend(filter(None, [result.problem]))
        else:
            _take_card(entity, draft, result.card.values())
        yield draft


def _take_card(entity: Entity, draft: Draft, values: Mapping[str, Any]) -> None:
    draft.external_id = values["external_id"] or None
    if values["account_name"] and entity.field("account_id") is not None:
        draft.names["account_id"] = values["account_name"]
    if entity.field("last_name") is None:
        draft.data["name"] = values["full_name"] or values["account_name"]
    for name, value in values.items():
        known = entity.field(name) is not None or entity.part(name) is not None
        if known and value and name != "name":
            draft.data[name] = _card_part(name, value)


def _card_part(name: str, value: Any) -> Any:
    if name == "phones":
        return [_phone(item["value"], item.get("label") or "", item.get("is_primary", False)) for item in value]
    if name in {"emails", "messengers"}:
        return [{key: item[key] for key in ("value", "label", "is_primary") if item.get(key)} for item in value]
    if name == "addresses":
        return [
            _address(item)
            for item in value
            if any(item.get(key) for key in ("lines", "city", "region", "postcode", "country"))
        ]
    return value


def _address(item: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: item[key] for key in ("lines", "city", "region", "postcode", "country") if item.get(key)}
    return {"kind": _address_kind(item.get("label") or ""), **kept}


def _address_kind(label: str) -> str:
    return {"work": "billing", "home": "home", "shipping": "shipping", "billing": "billing", "legal": "legal"}.get(
        label, "other"
    )


def _fill(crm: Crm, entity: Entity, column: ColumnPlan, reading: Reading) -> Fill:
    """What one column does to a draft, chosen once for the whole file."""
    target = column.target
    special: dict[str, Fill] = {"full_name": _fill_full_name, "external_id": _fill_external_id, "owner_id": _fill_owner}
    if target in special:
        return special[target]
    if target.startswith("addresses."):
        return _address_filler(target.partition(".")[2], column.label)
    part = entity.part(target)
    if part is not None:
        return (
            _point_filler(part.widget.removeprefix("points:"), target, column.label)
            if part.widget.startswith("points:")
            else _fill_tags
        )
    found = entity.field(target)
    if found is not None and found.ref is not None:
        return _name_filler(target)
    kind, choices = _kind_and_choices(crm, entity, target)
    return _value_filler(target, kind, replace(reading, choices=_choices(crm, choices)))


def _kind_and_choices(crm: Crm, entity: Entity, target: str) -> tuple[str, Sequence[Choice]]:
    found = entity.field(target)
    if found is not None:
        return entity.kind_of(found), found.choices
    _ext, module, name = target.split(".")
    for extension in crm.all(FieldExtension):
        if extension.entity == entity.id and extension.id.startswith(f"{module}."):
            inner = next(each for each in extension.fields if each.name == name)
            return inner.kind or ("choice" if inner.choices else "text"), inner.choices
    return "text", ()


def _choices(crm: Crm, choices: Sequence[Choice]) -> dict[str, str]:
    return choice_table(
        (choice.code, [crm.translate(choice.label, language) for language in LANGUAGES]) for choice in choices
    )


def _value_filler(target: str, kind: str, reading: Reading) -> Fill:
    path = target.split(".")

    def fill(draft: Draft, cell: Cell) -> None:
        value = convert(cell, kind, reading)
        if isinstance(value, Problem):
            draft.problems.append(replace(value, field=target))
        elif value is not None:
            place = draft.data
            for step in path[:-1]:
                place = place.setdefault(step, {})
            place[path[-1]] = value

    return fill


def _point_filler(kind: str, target: str, label: str) -> Fill:
    def fill(draft: Draft, cell: Cell) -> None:
        items = draft.data.setdefault(target, [])
        for text in split_values(cell, kind):
            items.append(
                _phone(text, label) if kind == "phone" else {"value": text, **({"label": label} if label else {})}
            )
        if not items:
            del draft.data[target]

    return fill


def _phone(text: str, label: str = "", is_primary: bool = False) -> dict[str, Any]:
    """A phone as it was written; one that cannot be dialled is kept and marked, so that nothing is lost."""
    item: dict[str, Any] = {"value": text}
    if label:
        item["label"] = label[:40]
    if is_primary:
        item["is_primary"] = True
    if normal_phone(text) is None:
        item["invalid"] = True
    return item


def _address_filler(name: str, label: str) -> Fill:
    kind = _address_kind(label or "billing")

    def fill(draft: Draft, cell: Cell) -> None:
        text = text_of(cell)
        items = draft.data.setdefault("addresses", [])
        found = next((item for item in items if item["kind"] == kind), None)
        if found is None:
            found = {"kind": kind}
            items.append(found)
        if text:
            found[name] = text

    return fill


def _name_filler(target: str) -> Fill:
    def fill(draft: Draft, cell: Cell) -> None:
        text = text_of(cell)
        if text:
            draft.names[target] = text

    return fill


def _fill_owner(draft: Draft, cell: Cell) -> None:
    text = text_of(cell)
    if text:
        draft.names["owner_id"] = text


def _fill_external_id(draft: Draft, cell: Cell) -> None:
    draft.external_id = text_of(cell)[:200] or None


def _fill_tags(draft: Draft, cell: Cell) -> None:
    draft.data["tags"] = split_values(cell, "list")


def _fill_full_name(draft: Draft, cell: Cell) -> None:
    name = split_full_name(text_of(cell))
    for key, value in (
        ("last_name", name.last),
        ("first_name", name.first),
        ("middle_name", name.middle),
        ("salutation", name.salutation),
    ):
        if value and key not in draft.data:
            draft.data[key] = value
