"""The table of columns on the screen: what each column may go into, and what a person has chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_core.entity.descriptor import Entity
from crm_core.errors import Invalid, Problem
from crm_core.service.transfer import Target
from crm_core.service.transfer.plan import ColumnPlan
from crm_core.service.transfer.target import targets_of
from crm_core.text import Msg, messages
from crm_web.current import actor, crm, say
from crm_web.views.transfer.words import ADDRESS_LABELS, POINT_LABELS

__all__ = ["ColumnView", "column_views", "columns_of_form", "options_of", "target_label"]

_ = messages("web")

SAMPLES = 3
Options = list[tuple[str, list[tuple[str, str]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnView:
    """One column of the file: its number, heading and first cells, what it goes into (code), what is wrong."""

    number: int
    heading: str
    samples: tuple[str, ...]
    chosen: str
    errors: tuple[str, ...] = ()


def column_views(
    preview: Mapping[str, Any], columns: Sequence[ColumnPlan], errors: Mapping[str, Sequence[str]]
) -> list[ColumnView]:
    """The rows of the table."""
    chosen = {column.column: _code(column) for column in columns}
    return [
        ColumnView(
            number=number,
            heading=heading,
            samples=_samples(row[number] for row in preview["rows"] if number < len(row)),
            chosen=chosen.get(number, ""),
            errors=tuple(errors.get(f"column.{number}", ())),
        )
        for number, heading in enumerate(preview["headings"])
    ]


def options_of(entity: Entity) -> Options:
    """What a column may go into, as ``(group, [(code, label)])``; a code is ``target`` or ``target:label``."""
    targets = targets_of(crm(), entity)
    groups: dict[str, list[tuple[str, str]]] = {}
    for target in targets.values():
        groups.setdefault(_group(entity, target.name), []).extend(_codes(target))
    return list(groups.items())


def columns_of_form(form: Mapping[str, str], entity: Entity) -> tuple[ColumnPlan, ...]:
    """The columns that a form sends. Raises ``Invalid`` where two of them go into a field of one value."""
    columns = []
    for name, code in form.items():
        prefix, _dot, number = name.partition(".")
        if prefix == "column" and number.isdigit() and code:
            target, _colon, label = code.partition(":")
            columns.append(ColumnPlan(column=int(number), target=target, label=label))
    _refuse_doubles(columns, targets_of(crm(), entity))
    return tuple(sorted(columns, key=lambda column: column.column))


def target_label(target: Target) -> str:
    """The name of a field in the reader's language."""
    return target.label_ru if actor().language == "ru" else target.label_en


def _refuse_doubles(columns: Sequence[ColumnPlan], targets: Mapping[str, Target]) -> None:
    problems = []
    seen: dict[tuple[str, str], int] = {}
    for column in columns:
        target = targets.get(column.target)
        place = (column.target, column.label if column.target.startswith("addresses.") else "")
        if target is None or (target.multiple and not place[1]):
            continue
        if place in seen:
            message = _("Another column goes into “%(name)s” already.", name=target_label(target))
            problems.append(Problem(id="import.double", message=message, field=f"column.{column.column}"))
        seen[place] = column.column
    if problems:
        raise Invalid(problems)


def _samples(cells: Iterable[str]) -> tuple[str, ...]:
    return tuple(list(dict.fromkeys(filter(None, cells)))[:SAMPLES])


def _code(column: ColumnPlan) -> str:
    if column.target.startswith("addresses."):
        known = {"work": "billing", "": "billing", **{kind: kind for kind in ADDRESS_LABELS}}
        return f"{column.target}:{known.get(column.label, 'other')}"
    label = column.label if column.label in POINT_LABELS or not column.label else "other"
    return f"{column.target}:{label}" if label else column.target


def _codes(target: Target) -> list[tuple[str, str]]:
    label = target_label(target)
    if not target.multiple:
        return [(target.name, label)]
    if target.name.startswith("addresses."):
        return _labelled(target.name, label, ADDRESS_LABELS)
    return [(target.name, label), *_labelled(target.name, label, POINT_LABELS)]


def _labelled(name: str, label: str, labels: Mapping[str, Msg]) -> list[tuple[str, str]]:
    return [(f"{name}:{code}", f"{label} ({say(word)})") for code, word in labels.items()]


def _group(entity: Entity, target: str) -> str:
    if target.startswith("addresses."):
        return say(_("Addresses"))
    if target.startswith("ext."):
        return say(_("Fields of modules"))
    if target in {"owner_id", "external_id"}:
        return say(_("About the record"))
    part = entity.part(target)
    if part is not None:
        return say(_("Phones, e-mails, messengers")) if part.widget.startswith("points:") else say(part.label)
    return say(_("Fields"))
