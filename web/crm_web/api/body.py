"""Reads the JSON of a request strictly: what two readers might understand differently is refused."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, TypeVar

import orjson
from flask import request

from crm_core.errors import Invalid, Problem
from crm_core.text import messages
from crm_web.api.problem import Fault

__all__ = ["MAX_BODY", "MAX_DEPTH", "check_members", "parse_object", "read_object", "take"]

_ = messages("web")

MAX_BODY = 1_048_576
MAX_DEPTH = 12
_TYPES = frozenset({"application/json", "application/merge-patch+json"})
T = TypeVar("T")


def read_object() -> dict[str, Any]:
    """The JSON object in the body of the request.

    Raises ``Fault``: 415 for another content type, 413 above ``MAX_BODY`` bytes, 400 for what is not
    one JSON object (RFC 8259) with unique names (RFC 7493), or is nested more than ``MAX_DEPTH`` deep.
    """
    if request.mimetype not in _TYPES:
        raise Fault("unsupported-media-type", _("Send JSON with Content-Type: application/json."))
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Fault("unsupported-media-type", _("Send the body without compression."))
    if (request.content_length or 0) > MAX_BODY:
        raise _too_large()
    body = request.get_data(cache=False)
    if len(body) > MAX_BODY:
        raise _too_large()
    return parse_object(body)


def parse_object(body: bytes) -> dict[str, Any]:
    """The object that the bytes hold. Raises ``Fault`` as ``read_object`` does."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        where = _("The JSON breaks off or is wrong at character %(place)s.", place=error.pos + 1)
        raise Fault("bad-request", where) from error
    if not isinstance(value, dict):
        raise Fault("bad-request", _("The body must be one JSON object."))
    _check_depth(value)
    if body.count(b":") > 1:
        _check_names(body)
    return value


def take(body: dict[str, Any], name: str, kind: type[T]) -> T:
    """The member of an object that must be there and be of a type. Raises ``Invalid`` naming it."""
    value = body.get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        message = _("This is needed.") if value is None else _("This value does not fit here.")
        raise Invalid([Problem(id="core.bad_value", message=message, field=name)])
    return value


def _too_large() -> Fault:
    return Fault("too-large", _("The body may have at most %(most)s bytes.", most=MAX_BODY))


def _check_depth(value: Any) -> None:
    """Level by level instead of recursively, so that a hostile body costs no stack."""
    level = [value]
    for _depth in range(MAX_DEPTH):
        level = [child for node in level for child in _containers(node)]
        if not level:
            return
    raise Fault("bad-request", _("The JSON is nested more than %(most)s levels deep.", most=MAX_DEPTH))


def _containers(node: Any) -> list[Any]:
    return [child for child in (node.values() if isinstance(node, dict) else node) if isinstance(child, dict | list)]


def _check_names(body: bytes) -> None:
    """orjson keeps the last of two equal names; which one was meant nobody knows."""
    json.loads(body, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for name, value in pairs:
        if name in names:
            raise Fault("bad-request", _("The name “%(name)s” stands twice in one object.", name=name[:60]))
        names[name] = value
    return names


def check_members(body: dict[str, Any], known: Collection[str]) -> None:
    """Refuse members that nobody reads. Raises ``Invalid`` naming all of them."""
    unknown = [name for name in body if name not in known]
    if unknown:
        message = _("There is no such field.")
        raise Invalid([Problem(id="core.bad_value", message=message, field=name[:100]) for name in unknown])
