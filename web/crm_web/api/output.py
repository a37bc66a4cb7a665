"""JSON as the interface writes it: straight from rows, by orjson."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from flask import Response

__all__ = ["OPTIONS", "answer", "etag", "no_content", "plain"]

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC
_TYPE = "application/json"
# Compression adds its own word to Vary.
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}


def plain(value: Any) -> Any:
    """What orjson does not write itself: amounts become decimal strings, the same for 1234.5 and 1234.50."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not written as JSON")


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that no cache on the way keeps without asking again."""
    body = orjson.dumps(value, default=plain, option=OPTIONS)
    return Response(body, status, {**_HEADERS, **headers} if headers else _HEADERS, content_type=_TYPE)


def no_content(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """An answer without a body: 204, or 304 with the headers that the body would have had."""
    response = Response(status=status, headers={**_HEADERS, **(headers or {})})
    del response.headers["Content-Type"]
    return response


def etag(version: int) -> str:
    """The entity tag of a version of a record."""
    return f'"v{version}"'
