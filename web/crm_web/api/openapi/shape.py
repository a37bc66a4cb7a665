"""JSON Schema (2020-12) of fields and parts: the same declarations that load and write them.

Titles and descriptions are messages; the finished document is translated as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy import String

from crm_core.db.types import Folded
from crm_core.entity.columns import label_name
from crm_core.entity.descriptor import Entity, Field, Part
from crm_core.entity.schema import loaders, may_be_empty
from crm_core.runtime import Crm
from crm_web.api.operation import JsonSchema

__all__ = ["DECIMAL", "ID", "INSTANT", "TEXT", "field_shape", "input_shape", "nullable", "record_shape", "schema_shape"]

TEXT: JsonSchema = {"type": "string"}
ID: JsonSchema = {"type": "string", "format": "uuid"}
INSTANT: JsonSchema = {"type": "string", "format": "date-time"}
DECIMAL: JsonSchema = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["1234.50"]}
_NUMBER: JsonSchema = {"anyOf": [DECIMAL, {"type": "number"}]}
_SHAPES: Mapping[str, JsonSchema] = {
    "email": {"type": "string", "format": "email"},
    "phone": {"type": "string", "examples": ["+79032365544"]},
    "url": {"type": "string", "format": "uri", "examples": ["https://example.com"]},
    "inn": {"type": "string", "examples": ["7707083893"]},
    "kpp": {"type": "string", "examples": ["773601001"]},
    "ogrn": {"type": "string", "examples": ["1027700132195"]},
    "vat": {"type": "string", "examples": ["DE136695976"]},
    "int": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "decimal": DECIMAL,
    "money": DECIMAL,
    "day": {"type": "string", "format": "date"},
    "instant": INSTANT,
    "bool": {"type": "boolean"},
    "ref": ID,
    "longtext": {"type": "string", "maxLength": 20_000},
    "localised": TEXT,
}


def field_shape(entity: Entity, field: Field, *, written: bool) -> JsonSchema:
    """The value of a field: as it is shown, or (``written``) as it may be sent."""
    kind = entity.kind_of(field)
    if kind == "choice":
        shape: JsonSchema = {"type": "string", "enum": [choice.code for choice in field.choices]}
    elif kind in _SHAPES:
        shape = dict(_SHAPES[kind])
    else:
        shape = {"type": "string", "maxLength": getattr(entity.table.c[field.name].type, "length", None) or 500}
    if written and kind in {"decimal", "money"}:
        shape = dict(_NUMBER)
    if written and kind == "localised":
        shape = {"type": "object", "additionalProperties": TEXT}
    if written and kind == "url":
        shape = TEXT
    return nullable(shape) if may_be_empty(entity, field) else shape


def nullable(shape: JsonSchema) -> JsonSchema:
    """The same, or nothing."""
    if "enum" in shape:
        return {**shape, "type": ["string", "null"], "enum": [*shape["enum"], None]}
    if isinstance(shape.get("type"), str):
        return {**shape, "type": [shape["type"], "null"]}
    return {"anyOf": [*shape["anyOf"], {"type": "null"}]}


def record_shape(crm: Crm, entity: Entity) -> JsonSchema:
    """A record as it is shown; lists leave out what is not asked for."""
    shown: dict[str, JsonSchema] = {"id": ID, "version": {"type": "integer", "minimum": 1}}
    shown.update((name, INSTANT) for name in ("created_at", "updated_at"))
    shown["import_batch_id"] = nullable(ID)
    for name in ("owner_id", "team_id"):
        shown.update({name: nullable(ID), label_name(name): nullable(TEXT)})
    for field in entity.fields:
        shown[field.name] = _titled(field, field_shape(entity, field, written=False))
        if entity.kind_of(field) == "ref":
            shown[label_name(field.name)] = nullable(TEXT)
    shown.update({part.name: part_shape(part) for part in entity.parts})
    shown["custom"] = {"type": "object"}
    shown["ext"] = _extensions(crm, entity)
    return {"type": "object", "properties": shown, "required": ["id", "version"]}


def _extensions(crm: Crm, entity: Entity) -> JsonSchema:
    """What modules add to a record, each under its own name; a module without values for the record is absent."""
    loader = loaders(crm, entity, partial=True).get("ext")
    modules = loader_shape(loader)["properties"] if loader is not None else {}
    named = {module: {"type": "object", "properties": shape["properties"]} for module, shape in modules.items()}
    return {"type": "object", "properties": named}


def input_shape(crm: Crm, entity: Entity, *, partial: bool) -> JsonSchema:
    """A record as it is sent: whole, or (``partial``) only what changes. Unknown names are refused."""
    given: dict[str, JsonSchema] = {}
    for name, loader in loaders(crm, entity, partial=partial).items():
        field = entity.field(name)
        if field is not None:
            given[name] = _titled(field, field_shape(entity, field, written=True))
        else:
            given[name] = loader_shape(loader)
    shape: JsonSchema = {"type": "object", "properties": given, "additionalProperties": False}
    needed = [field.name for field in entity.fields if field.required and field.editable]
    if needed and not partial:
        shape["required"] = needed
    return shape


def part_shape(part: Part) -> JsonSchema:
    """A part as it is shown: what may be sent, and the texts that the program adds to it."""
    shape = loader_shape(part.schema())
    given = shape.get("items", {}).get("properties")
    if given is not None:
        table = part.model.__table__
        added = {
            name: TEXT for name in part.columns if name not in given and isinstance(table.c[name].type, Folded | String)
        }
        shape = {**shape, "items": {"type": "object", "properties": {**given, **added}}}
    return {**shape, "title": part.label}


def loader_shape(loader: Any) -> JsonSchema:
    """The JSON that a marshmallow field loads."""
    shape = _loader_shape(loader)
    for check in loader.validators:
        shape.update(_limits(check, "items" if shape.get("type") == "array" else "length"))
    return nullable(shape) if loader.allow_none else shape


def schema_shape(schema: Schema) -> JsonSchema:
    """The JSON object that a marshmallow schema loads."""
    named = {name: loader_shape(field) for name, field in schema.fields.items()}
    shape: JsonSchema = {"type": "object", "properties": named, "additionalProperties": False}
    needed = [name for name, field in schema.fields.items() if field.required]
    return {**shape, "required": needed} if needed else shape


def _loader_shape(loader: Any) -> JsonSchema:
    if isinstance(loader, fields.Nested):
        return schema_shape(loader.schema)
    if isinstance(loader, fields.List):
        return {"type": "array", "items": loader_shape(loader.inner)}
    plain: tuple[tuple[type[Any], JsonSchema], ...] = (
        (fields.Dict, {"type": "object"}),
        (fields.Boolean, {"type": "boolean"}),
        (fields.Integer, {"type": "integer"}),
        (fields.Decimal, _NUMBER),
        (fields.UUID, ID),
        (fields.Date, {"type": "string", "format": "date"}),
        (fields.DateTime, INSTANT),
    )
    return dict(next((shape for cls, shape in plain if isinstance(loader, cls)), TEXT))


def _limits(check: Any, unit: str) -> JsonSchema:
    if isinstance(check, validate.OneOf):
        return {"enum": list(check.choices)}
    if not isinstance(check, validate.Length | validate.Range):
        return {}
    names = {"items": ("minItems", "maxItems"), "length": ("minLength", "maxLength")}[unit]
    if isinstance(check, validate.Range):
        names = ("minimum", "maximum")
    return {name: limit for name, limit in zip(names, (check.min, check.max), strict=True) if limit is not None}


def _titled(field: Field, shape: JsonSchema) -> JsonSchema:
    titled = {**shape, "title": field.label}
    return titled if field.help is None else {**titled, "description": field.help}
