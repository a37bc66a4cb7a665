"""Examples of values, made from their schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["example"]

_BY_FORMAT: Mapping[str, str] = {
    "uuid": "0198f2a4-0000-7000-8000-000000000000",
    "date": "2026-01-31",
    "date-time": "2026-01-31T09:30:00Z",
    "email": "anna@example.com",
    "uri": "https://example.com",
}
_BY_TYPE: Mapping[str, Any] = {"integer": 1, "number": 1, "boolean": True, "null": None, "object": {}}
_SHOWN = 2


def example(schema: Mapping[str, Any], described: Mapping[str, Any]) -> Any:
    """A value that the schema allows; of an object the needed members, or else the first two."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return example(described["components"]["schemas"][name], described)
    if "anyOf" in schema:
        return example(schema["anyOf"][0], described)
    if "examples" in schema:
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    return _by_type(schema, described)


def _by_type(schema: Mapping[str, Any], described: Mapping[str, Any]) -> Any:
    kind = schema.get("type", "string")
    kind = kind if isinstance(kind, str) else kind[0]
    if kind == "object" and schema.get("properties"):
        names = [*schema.get("required", ()), *schema.get("oneOf", [{}])[0].get("required", ())]
        chosen = names or list(schema["properties"])[:_SHOWN]
        return {name: example(schema["properties"][name], described) for name in chosen}
    if kind == "array":
        return [example(schema["items"], described)]
    return _BY_TYPE.get(kind, _BY_FORMAT.get(schema.get("format", ""), schema.get("title", "…")))
