"""The shapes of answers and requests that are not records themselves."""

from __future__ import annotations

from crm_core.text import messages
from crm_web.api.bulk import MAX_RECORDS
from crm_web.api.openapi.shape import ID, INSTANT, TEXT, nullable
from crm_web.api.operation import JsonSchema, ref

__all__ = ["COMMON", "DRAFT", "HITS", "SIMILAR", "TEAMS", "UPDATED", "USERS", "bulk", "card", "page"]

_ = messages("web")

IMPORT_STATES = ("draft", "checking", "checked", "running", "done", "cancelled", "failed", "undoing", "undone")
_CURSOR: JsonSchema = {"type": ["string", "null"]}
_READ_AS: JsonSchema = {"type": "string", "description": _("How `q` was read, where it was typed on another layout.")}
_COUNT: JsonSchema = {"type": "integer", "minimum": 0}


def page(item: JsonSchema, *, both_ways: bool = True) -> JsonSchema:
    """Some items and the cursors of the pages beside them; ``null`` at the end."""
    cursors = ("next", "previous") if both_ways else ("next",)
    members = {"items": {"type": "array", "items": item}, **dict.fromkeys(cursors, _CURSOR)}
    shape = {"type": "object", "properties": members, "required": list(members)}
    if both_ways:
        shape["properties"] = {**members, "read_as": _READ_AS}
    return shape


def bulk(change: JsonSchema) -> JsonSchema:
    """The records, by ids or by filter, and what to set."""
    members: JsonSchema = {
        "ids": {"type": "array", "items": ID, "maxItems": MAX_RECORDS},
        "filter": {"type": "object", "additionalProperties": TEXT},
        "set": change,
        "reason": nullable({"type": "string", "maxLength": 500}),
    }
    either = [{"required": ["ids"]}, {"required": ["filter"]}]
    closed: JsonSchema = {"type": "object", "additionalProperties": False}
    return {**closed, "properties": members, "required": ["set"], "oneOf": either}


def card(name: str) -> JsonSchema:
    """A record, its newest events and, for an account, its people."""
    members: JsonSchema = {"record": ref(name), "history": page(ref("Event"), both_ways=False)}
    if name == "core.account":
        members["contacts"] = {"type": "array", "items": ref("core.contact")}
    return _object(members)


def _object(members: JsonSchema, *optional: str) -> JsonSchema:
    return {"type": "object", "properties": members, "required": [name for name in members if name not in optional]}


def _items(members: JsonSchema, *optional: str) -> JsonSchema:
    return _object({"items": {"type": "array", "items": _object(members, *optional)}})


UPDATED = _object({"updated": _COUNT})
HITS = _items(
    {"entity": TEXT, "id": ID, "name": TEXT, "hint": nullable(TEXT), "owner": nullable(TEXT)}, "hint", "owner"
)
DRAFT: JsonSchema = {**_object({"entity": TEXT, "draft": {"type": "object"}}), "additionalProperties": False}
_SHOWN = dict.fromkeys(("owner", "phone", "email", "city"), nullable(TEXT))
SIMILAR = _items({"id": ID, "name": TEXT, "reason": TEXT, **_SHOWN}, *_SHOWN)
USERS = page(_object({"id": ID, "name": TEXT, "email": nullable(TEXT), "team_id": nullable(ID)}), both_ways=False)
TEAMS = page(_object({"id": ID, "name": TEXT, "parent_id": nullable(ID)}), both_ways=False)

_EVENT: JsonSchema = {
    "id": ID,
    "kind": TEXT,
    "label": TEXT,
    "subject": nullable(TEXT),
    "body": nullable(TEXT),
    "direction": {"type": ["string", "null"], "enum": ["in", "out", None]},
    "channel": nullable(TEXT),
    "outcome": nullable(TEXT),
    "duration": {"type": ["integer", "null"], "description": _("Seconds.")},
    "importance": {"type": "integer", "minimum": 0, "maximum": 3},
    "occurred_at": INSTANT,
    "created_at": INSTANT,
    "entity": TEXT,
    "record_id": ID,
    "payload": {"type": ["object", "null"]},
    "version": {"type": "integer"},
    "actor": nullable(TEXT),
}
_PROBLEM: JsonSchema = {
    "type": {"type": "string", "format": "uri-reference", "examples": ["/problems/invalid"]},
    "title": TEXT,
    "status": {"type": "integer"},
    "detail": TEXT,
    "hint": TEXT,
    "module": TEXT,
    "errors": {"type": "array", "items": ref("FieldError")},
    "current": {"type": "object", "description": _("The record as it is now (status 412).")},
}
_FIELD_ERROR: JsonSchema = {
    "field": {"type": ["string", "null"], "description": _("Dotted inside parts; null: the whole record.")},
    "id": TEXT,
    "message": TEXT,
    "hint": TEXT,
    "row": _COUNT,
}
_JOB: JsonSchema = {
    "state": {"type": "string", "enum": ["ready", "running", "done", "dead", "cancelled", "parked"]},
    "done": _COUNT,
    "total": {"type": ["integer", "null"]},
    "error": nullable(TEXT),
}
_IMPORT: JsonSchema = {
    "id": ID,
    "entity": TEXT,
    "file_name": TEXT,
    "state": {"type": "string", "enum": list(IMPORT_STATES)},
    "plan": {"type": "object", "description": _("What was detected, and which column goes where.")},
    "counts": {"type": "object", "description": _("Rows, created, updated, skipped, error.")},
    "created_at": INSTANT,
    "finished_at": nullable(INSTANT),
    "undone_at": nullable(INSTANT),
    "can_undo": {"type": "boolean"},
    "job": {"anyOf": [_object(_JOB), {"type": "null"}]},
}
_REFUSED_ROW: JsonSchema = {
    "row": _COUNT,
    "line": {"type": ["integer", "null"], "description": _("Where the row begins in the file.")},
    "reasons": {"type": "array", "items": TEXT},
}
COMMON: JsonSchema = {
    "Import": _object(_IMPORT),
    "RefusedRow": _object(_REFUSED_ROW),
    "Event": _object(_EVENT, "channel", "payload", "actor"),
    "Problem": _object(_PROBLEM, "detail", "hint", "module", "errors", "current"),
    "FieldError": _object(_FIELD_ERROR, "hint", "row"),
}
