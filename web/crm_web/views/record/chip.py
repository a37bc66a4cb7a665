"""The filter of a list in words, one chip for each condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.entity.descriptor import Entity, Field
from crm_core.entity.query import fetch_many
from crm_core.entity.view import Filter, View
from crm_core.model import ImportBatch, Team, User
from crm_core.text import Msg, messages
from crm_web.context import page_names
from crm_web.current import say
from crm_web.links import with_query
from crm_web.views.record.column import choice_labels, described

if TYPE_CHECKING:
    from crm_web.views.record.listing import Address

__all__ = ["OPERATOR_LABELS", "chips_of", "labels_of"]

_ = messages("web")

# How an operator reads before its value; equality needs no word.
OPERATOR_LABELS: dict[str, Msg] = {
    "eq": _("is"),
    "ne": _("is not"),
    "in": _("is one of"),
    "contains": _("contains"),
    "starts": _("starts with"),
    "lt": _("is less than"),
    "le": _("is at most"),
    "gt": _("is more than"),
    "ge": _("is at least"),
    "empty": _("is empty"),
    "filled": _("is filled in"),
}
_DAY_LABELS: dict[str, Msg] = {"lt": _("before"), "le": _("until"), "gt": _("after"), "ge": _("since")}
_YES, _NO = _("yes"), _("no")


def chips_of(session: Session, entity: Entity, view: View, address: Address) -> list[dict[str, Any]]:
    """The chips of a view's conditions."""
    return [_chip(session, entity, condition, address) for condition in view.filters]


def labels_of(session: Session, ref: str, ids: list[str]) -> dict[str, str]:
    """The names of records, people or teams, as far as the reader may see them."""
    if ref in {"core.user", "core.team"}:
        table = (User if ref == "core.user" else Team).__table__
        found = session.execute(select(table.c.id, table.c.name).where(table.c.id.in_(ids)))
        return {row.id: row.name for row in found}
    entity = g.crm.entities.get(ref)
    rows = fetch_many(session, entity, ids) if entity is not None else []
    return {row["id"]: row[entity.title] for row in rows}


def _chip(session: Session, entity: Entity, condition: Filter, address: Address) -> dict[str, Any]:
    found = described(entity, condition.field)
    name = condition.field if condition.op == "eq" else f"{condition.field}.{condition.op}"
    raw = next((value for key, value in address.pairs if key in {name, f"{condition.field}.{condition.op}"}), "")
    rest = address.without(name, f"{condition.field}.eq") if condition.op == "eq" else address.without(name)
    edit = [*rest, ("_field", condition.field), ("_op", _form_operator(condition)), ("_value", raw)]
    return {
        "label": say(found.label),
        "value": _sentence(session, entity, found, condition),
        "remove_url": with_query(address.base, rest),
        "edit_url": with_query(f"{address.base}/filter", edit),
    }


def _form_operator(condition: Filter) -> str:
    return "filled" if condition.op == "empty" and not condition.value else condition.op


def _sentence(session: Session, entity: Entity, found: Field, condition: Filter) -> str:
    operator = _form_operator(condition)
    if condition.op == "empty":
        return say(OPERATOR_LABELS[operator])
    values = condition.value if condition.op == "in" else [condition.value]
    shown = ", ".join(_shown(session, entity, found, values))
    if condition.op in {"eq", "in"}:
        return shown
    words = _DAY_LABELS if entity.kind_of(found) in {"day", "instant"} else OPERATOR_LABELS
    return f"{say(words.get(operator, OPERATOR_LABELS[operator]))} {shown}"


def _shown(session: Session, entity: Entity, found: Field, values: list[Any]) -> list[str]:
    kind = entity.kind_of(found)
    if found.name == "import_batch_id":
        return _files(session, values)
    if kind == "ref":
        if found.ref is None:
            return [str(value) for value in values]
        labels = labels_of(session, found.ref, values)
        return [labels.get(value, "—") for value in values]
    if kind == "choice":
        labels_and_colours = choice_labels(found)
        return [labels_and_colours.get(value, (value, ""))[0] for value in values]
    if kind == "bool":
        return [say(_YES if value else _NO) for value in values]
    write = page_names().get({"int": "number", "decimal": "number", "money": "number"}.get(kind, kind), str)
    return [write(value) for value in values]


def _files(session: Session, batches: list[Any]) -> list[str]:
    """What the files of imports are called."""
    table = ImportBatch.__table__
    rows = session.execute(select(table.c.id, table.c.file_name).where(table.c.id.in_(batches)))
    names = {row.id: row.file_name for row in rows}
    return [names.get(batch) or "—" for batch in batches]
