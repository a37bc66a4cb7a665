"""Building a filter: first the field, then an operator that suits it and a value; plain links and a plain form."""

from __future__ import annotations

from typing import Any

from flask import g, redirect, request
from flask.typing import ResponseReturnValue

from crm_core.entity.descriptor import Entity, Field
from crm_core.entity.view import OPERATORS
from crm_core.errors import NotFound
from crm_core.text import messages
from crm_web.context import render
from crm_web.current import say
from crm_web.links import base_of, find_url, with_query
from crm_web.views.record.chip import OPERATOR_LABELS, labels_of
from crm_web.views.record.column import choice_labels, described, offered
from crm_web.views.record.values import filter_text

__all__ = ["apply", "choose"]

_ = messages("web")

_ORDER = ("eq", "contains", "starts", "ge", "gt", "le", "lt", "ne", "empty", "filled")
_FIRST = {"text": "contains", "day": "ge", "instant": "ge", "money": "ge", "int": "ge", "decimal": "ge"}
_UNTYPED = frozenset({"empty", "filled"})


def choose(entity: Entity) -> str:
    """The dialog: the fields to filter by, or the form for one of them."""
    name = request.args.get("_field")
    pairs = _kept()
    if not name:
        return render(
            "record/filter_fields.html", entity=entity, fields=_field_links(entity, pairs), base=base_of(entity)
        )
    found = _field(entity, name)
    kind = entity.kind_of(found)
    operators = [(op, say(OPERATOR_LABELS[op])) for op in _ORDER if _allowed(op, kind)]
    chosen = request.args.get("_op") or _FIRST.get(_family(kind), "eq")
    return render(
        "record/filter_value.html",
        entity=entity,
        base=base_of(entity),
        label=say(found.label),
        name=name,
        operators=operators,
        chosen=chosen,
        value=_value_field(entity, found, kind),
        kept=pairs,
    )


def apply(entity: Entity) -> ResponseReturnValue:
    """Leads to the list with the condition of the form added or replaced."""
    name, operator = request.args.get("_field", ""), request.args.get("_op", "eq")
    found = _field(entity, name)
    pairs = [pair for pair in _kept() if pair[0] not in {name, f"{name}.{operator}"}]
    if operator in _UNTYPED:
        pairs = [pair for pair in pairs if pair[0] != f"{name}.empty"]
        condition = (f"{name}.empty", "true" if operator == "empty" else "false")
    else:
        value = filter_text(entity.kind_of(found), request.args.get("_value", ""), g.actor.zone)
        condition = (name if operator == "eq" else f"{name}.{operator}", value)
    return redirect(with_query(base_of(entity), [*pairs, condition]), 303)


def _kept() -> list[tuple[str, str]]:
    """The parameters of the list that the dialog was opened from, without the page."""
    return [(n, v) for n, v in request.args.items(multi=True) if not n.startswith("_") and n != "cursor"]


def _field(entity: Entity, name: str) -> Field:
    if name not in dict(offered(entity)):
        raise NotFound
    return described(entity, name)


def _field_links(entity: Entity, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    path = f"{base_of(entity)}/filter"
    return [(label, with_query(path, [*pairs, ("_field", name)])) for name, label in offered(entity)]


def _allowed(operator: str, kind: str) -> bool:
    if operator in _UNTYPED:
        return kind != "bool"
    if kind in {"ref", "choice", "bool"}:
        return operator in {"eq", "ne"} and not (kind == "bool" and operator == "ne")
    return bool(OPERATORS[operator] & {"*", kind})


def _family(kind: str) -> str:
    return "text" if kind in OPERATORS["contains"] else kind


def _value_field(entity: Entity, found: Field, kind: str) -> dict[str, Any]:
    """The control for the value: dates, choices and references have their own."""
    value = request.args.get("_value", "")
    view: dict[str, Any] = {"name": "_value", "label": say(_("Value")), "kind": "text", "value": value}
    if kind == "choice":
        choices = [(code, label) for code, (label, _colour) in choice_labels(found).items()]
        return {**view, "kind": "choice", "choices": choices, "required": True}
    if kind == "bool":
        choices = [("true", say(_("yes"))), ("false", say(_("no")))]
        return {**view, "kind": "choice", "choices": choices, "value": value or "true", "required": True}
    if kind == "ref" and found.ref:
        return {**view, "kind": "ref", "url": find_url(found.ref), "display": _label(found.ref, value)}
    if kind in {"day", "instant"}:
        return {**view, "kind": "day", "value": value[:10]}
    return {**view, "kind": kind if kind in {"int", "decimal", "money"} else "text"}


def _label(ref: str, value: str) -> str:
    if not value:
        return ""
    with g.crm.reading(g.actor) as session:
        return labels_of(session, ref, [value]).get(value, "")
