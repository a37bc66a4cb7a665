"""The columns of a list: which ones, and how each of their cells is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import g
from markupsafe import Markup

from crm_core.entity.columns import label_name
from crm_core.entity.descriptor import Entity, Field, Kind
from crm_core.entity.query import list_columns
from crm_core.entity.view import View, sort_column
from crm_core.runtime import Crm
from crm_core.text import Msg, messages
from crm_web.current import say
from crm_web.links import base_of

__all__ = ["SYSTEM_LABELS", "Column", "cells_of", "choice_labels", "columns_of", "described", "offered", "queried"]

_ = messages("web")

SYSTEM_LABELS: dict[str, Msg] = {
    "owner_id": _("Responsible"),
    "team_id": _("Team"),
    "created_at": _("Created"),
    "updated_at": _("Changed"),
    "import_batch_id": _("Import"),
}
_SYSTEM_KINDS: Mapping[str, Kind] = {"created_at": "instant", "updated_at": "instant"}
_SYSTEM_REFS = {"owner_id": "core.user", "team_id": "core.team"}
_SYSTEM_OFFERED = ("owner_id", "team_id", "created_at", "updated_at")
_BADGE = Markup('<span class="badge badge-{}">{}</span>')
_NUMBERS = frozenset({"int", "decimal", "money"})
# What tells most about a record besides its name, the best first.
_SUBLINE = ("ref", "text", "email", "choice", "person")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """How one column is shown.

    ``shape`` names the branch of the template; ``key`` is where a row holds the text; ``link`` is the path before the
    id that the cell leads to; ``place`` puts the cell into the two lines of a phone.
    """

    name: str
    label: str
    shape: str
    key: str
    sortable: bool = False
    numeric: bool = False
    link: str | None = None
    currency: str | None = None
    choices: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    place: str = ""


def columns_of(crm: Crm, entity: Entity, view: View) -> list[Column]:
    """The columns of a view, the one that names the record first."""
    return _placed([_column(crm, entity, name) for name in _shown(entity, view)])


def queried(entity: Entity, view: View) -> tuple[str, ...]:
    """What has to be read for the columns of a view: also the currencies that stand beside amounts."""
    shown = _shown(entity, view)
    currencies = (found.currency for name in shown if (found := entity.field(name)) is not None)
    return tuple(dict.fromkeys((*shown, *filter(None, currencies))))


def cells_of(columns: Sequence[Column]) -> list[tuple[Any, ...]]:
    """The columns as the row loop of the template takes them: with all that is the same in every row made before."""
    return [
        (
            column.shape if column.shape != "person" else "text",
            column.key,
            _opening(column),
            column.name,
            f"{column.link}/" if column.link else None,
            {code: _BADGE.format(colour, label) for code, (label, colour) in column.choices.items()},
            column.currency or "",
        )
        for column in columns
    ]


def _opening(column: Column) -> Markup:
    classes = f"{column.place}{' text-end text-number' if column.numeric else ''}".strip()
    return Markup('<td class="{}">').format(classes) if classes else Markup("<td>")


def offered(entity: Entity) -> list[tuple[str, str]]:
    """All columns that one may choose, with their labels."""
    names = [f.name for f in entity.fields if entity.kind_of(f) != "longtext"]
    return [(name, say(described(entity, name).label)) for name in (*names, *_SYSTEM_OFFERED)]


def described(entity: Entity, name: str) -> Field:
    """The field of that name; those that every record has are described here."""
    found = entity.field(name)
    if found is not None:
        return found
    return Field(name=name, label=SYSTEM_LABELS[name], kind=_system_kind(name), ref=_SYSTEM_REFS.get(name))


def choice_labels(entity_field: Field) -> dict[str, tuple[str, str]]:
    """Label and colour of each value of a choice, in the reader's language."""
    return {choice.code: (say(choice.label), choice.colour) for choice in entity_field.choices}


def _shown(entity: Entity, view: View) -> list[str]:
    """The names of the columns, the title first; what has no column of its own is left out."""
    names = dict.fromkeys((entity.title, *(view.columns or list_columns(entity))))
    return [name for name in names if entity.field(name) is not None or name in SYSTEM_LABELS]


def _system_kind(name: str) -> Kind:
    return _SYSTEM_KINDS.get(name, "ref" if name in _SYSTEM_REFS else "text")


def _column(crm: Crm, entity: Entity, name: str) -> Column:
    found = described(entity, name)
    kind = entity.kind_of(found)
    shape = "lead" if name == entity.title else _shape(found, kind)
    target = crm.entities.get(found.ref) if found.ref else None
    return Column(
        name=name,
        label=say(found.label),
        shape=shape,
        key=label_name(name) if kind == "ref" else name,
        sortable=found.sortable and kind != "ref" and sort_column(entity, name) is not None,
        numeric=kind in _NUMBERS,
        link=base_of(target) if target is not None and g.actor.may(f"{target.id}.view") else None,
        currency=found.currency,
        choices=choice_labels(found),
    )


def _shape(found: Field, kind: str) -> str:
    if kind == "ref":
        return "person" if found.ref == "core.user" else "ref"
    known = {"choice", "phone", "email", "url", "money", "int", "decimal", "day", "instant", "bool"}
    return kind if kind in known else "text"


def _placed(columns: list[Column]) -> list[Column]:
    """On a phone a row shows its name, one telling text below it, and the phone to call at the side."""
    side = next((c.name for c in columns if c.shape == "phone"), None)
    telling = sorted((c for c in columns[1:] if c.shape in _SUBLINE), key=lambda c: _SUBLINE.index(c.shape))
    sub = telling[0].name if telling else None
    places = {columns[0].name: "cell-main", sub: "cell-sub", side: "cell-side"}
    return [replace(column, place=places.get(column.name, "")) for column in columns]
