"""Keyset paging: a page starts after a key, so that page 1,000 costs what page 1 costs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import orjson
from sqlalchemy import ColumnElement, and_, or_, tuple_

__all__ = ["Cursor", "read_cursor", "seek", "write_cursor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A place in a sorted list: the sort key and id of a row, and which way to go from it."""

    key: Any
    id: str
    way: Literal["next", "previous"] = "next"


def write_cursor(cursor: Cursor) -> str:
    """The cursor as text for addresses; it holds nothing that the row did not show."""
    packed = orjson.dumps([cursor.way[0], cursor.key, cursor.id], default=str)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(text: str, key_type: type[Any]) -> Cursor:
    """The cursor that ``write_cursor`` wrote. Raises ``ValueError`` for anything else."""
    try:
        way, key, row_id = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, orjson.JSONDecodeError, TypeError) as error:
        raise ValueError("not a cursor") from error
    if way not in {"n", "p"} or not isinstance(row_id, str) or len(row_id) != 36:
        raise ValueError("not a cursor")
    return Cursor(key=_typed(key, key_type), id=row_id, way="next" if way == "n" else "previous")


def _typed(key: Any, key_type: type[Any]) -> Any:
    if key is None:
        return None
    if key_type in {datetime, date}:
        return key_type.fromisoformat(key)
    if key_type is Decimal:
        return Decimal(key)
    if not isinstance(key, key_type):
        raise ValueError("not a cursor of this list")
    return key


def seek(
    column: ColumnElement[Any],
    row_id: ColumnElement[Any],
    binds: Sequence[Any],
    *,
    ascending: bool,
    nullable: bool,
    at_null: bool,
) -> ColumnElement[bool]:
    """The condition for rows after a key in the order ``column, id``; empty values come last when ascending.

    ``binds`` are the bound key and id; ``at_null`` says that the key itself is empty.
    """
    key, key_id = binds
    if not nullable:
        pair, start = tuple_(column, row_id), tuple_(key, key_id)
        return pair > start if ascending else pair < start
    beyond = row_id > key_id if ascending else row_id < key_id
    if at_null:
        rest = and_(column.is_(None), beyond)
        return rest if ascending else or_(rest, column.is_not(None))
    further = column > key if ascending else column < key
    same = and_(column == key, beyond)
    return or_(further, same, column.is_(None)) if ascending else or_(further, same)
