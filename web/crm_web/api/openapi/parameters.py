"""The parameters of queries: those of every list, and a filter for each field and operator."""

from __future__ import annotations

from crm_core.entity.descriptor import Entity
from crm_core.entity.view import MAX_LIMIT, OPERATORS, SYSTEM_FIELDS, filterable, sort_column
from crm_core.plugin.contributions import HistoryKind
from crm_core.runtime import Crm
from crm_core.text import messages
from crm_web.api.lookup import MAX_HITS
from crm_web.api.openapi.shape import DECIMAL, INSTANT, TEXT
from crm_web.api.operation import JsonSchema
from crm_web.api.timeline import CARD_EVENTS, MAX_EVENTS

__all__ = ["error_parameters", "import_parameters", "list_parameters", "search_parameters", "timeline_parameters"]

_ = messages("web")

Parameters = dict[str, JsonSchema]
_SEARCHED: JsonSchema = {"type": "string", "maxLength": 200}


def list_parameters(crm: Crm, name: str) -> Parameters:
    """What the address of a list may say."""
    entity = crm.entities[name]
    names = [*(field.name for field in entity.fields), *SYSTEM_FIELDS]
    found: Parameters = {
        "q": {**_SEARCHED, "description": _("Part of a name in any case, a phone, or an e-mail.")},
        "sort": {"type": "string", "enum": _orders(entity, names)},
        "fields": _chosen([*names, *(part.name for part in entity.parts)]),
        "limit": _limit(MAX_LIMIT, 50),
        "cursor": {"type": "string", "description": _("`next` or `previous` of another page of the same list.")},
    }
    for field in names:
        found.update(_filters(entity, field))
    return found


def timeline_parameters(crm: Crm, _name: str) -> Parameters:
    """What the address of a timeline may say."""
    return {
        "before": {"type": "string", "description": _("`next` of the page above.")},
        "kind": _chosen([kind.id for kind in crm.all(HistoryKind)]),
        "limit": _limit(MAX_EVENTS, CARD_EVENTS),
    }


def search_parameters(crm: Crm, _name: str) -> Parameters:
    """What a search may say."""
    return {"q": {**_SEARCHED, "minLength": 1}, "entity": _chosen(list(crm.entities)), "limit": _limit(MAX_HITS, 20)}


def import_parameters(crm: Crm, _name: str) -> Parameters:
    """What must be said about a file."""
    return {
        "entity": {"type": "string", "enum": list(crm.entities), "minLength": 1},
        "file_name": {"type": "string", "maxLength": 200},
    }


def error_parameters(_crm: Crm, _name: str) -> Parameters:
    """What the address of the failed rows may say."""
    return {"after": {"type": "integer", "minimum": 0, "description": _("`next` of the page above.")}}


def _orders(entity: Entity, names: list[str]) -> list[str]:
    sortable = [name for name in names if sort_column(entity, name) is not None]
    return [order for name in sortable for order in (name, f"-{name}")]


def _chosen(names: list[str]) -> JsonSchema:
    return {"type": "array", "items": {"type": "string", "enum": names}}


def _limit(most: int, usual: int) -> JsonSchema:
    return {"type": "integer", "minimum": 1, "maximum": most, "default": usual}


def _filters(entity: Entity, name: str) -> Parameters:
    field = filterable(entity, name)
    if field is None:
        return {}
    kind = entity.kind_of(field)
    value = _value(entity, name, kind)
    found: Parameters = {}
    for operator, kinds in OPERATORS.items():
        if not kinds & {"*", kind}:
            continue
        found[name if operator == "eq" else f"{name}.{operator}"] = _operand(operator, value)
    return found


def _operand(operator: str, value: JsonSchema) -> JsonSchema:
    if operator == "empty":
        return {"type": "boolean"}
    return {"type": "array", "items": value} if operator == "in" else value


def _value(entity: Entity, name: str, kind: str) -> JsonSchema:
    field = entity.field(name)
    if field is not None and kind == "choice":
        return {"type": "string", "enum": [choice.code for choice in field.choices]}
    if kind in {"decimal", "money"}:
        return DECIMAL
    if kind == "instant":
        return INSTANT
    return _plain(kind) if field is None else {**_plain(kind), "title": field.label}


def _plain(kind: str) -> JsonSchema:
    shapes: dict[str, JsonSchema] = {
        "int": {"type": "integer"},
        "bool": {"type": "boolean"},
        "day": {"type": "string", "format": "date"},
        "ref": {"type": "string", "format": "uuid"},
    }
    return shapes.get(kind, TEXT)
