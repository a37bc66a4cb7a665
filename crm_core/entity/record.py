"""Whole records: fields, labels, parts and the fields that modules add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from crm_core.entity import extension, part
from crm_core.entity.descriptor import Entity
from crm_core.entity.query import fetch_many
from crm_core.errors import NotFound

__all__ = ["whole", "whole_many"]


def whole(
    session: Session, entity: Entity, record_id: str, *, action: str = "view", trashed: bool = False
) -> dict[str, Any]:
    """One record with everything that belongs to it. Raises ``NotFound`` when the actor may not see it."""
    found = whole_many(session, entity, [record_id], action=action, trashed=trashed)
    if not found:
        raise NotFound
    return found[0]


def whole_many(
    session: Session, entity: Entity, ids: Sequence[str], *, action: str = "view", trashed: bool = False
) -> list[dict[str, Any]]:
    """The given records, as far as the actor may see them, in a constant number of statements."""
    rows = fetch_many(session, entity, ids, action=action, trashed=trashed) if ids else []
    keys = [row["id"] for row in rows]
    if not keys:
        return []
    parts = part.load(session, entity, keys)
    extended = extension.load(session, entity, keys)
    return [{**row, **parts[row["id"]], "ext": extended.get(row["id"], {})} for row in rows]
