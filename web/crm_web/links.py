"""The addresses of records and lists, as plain text operations: a list makes hundreds of them."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from crm_core.entity.descriptor import Entity
from crm_core.runtime import Crm

__all__ = ["base_of", "find_url", "record_url", "with_query"]


def base_of(entity: Entity) -> str:
    """The path of an entity's list: ``/accounts``, ``/sales/opportunities``."""
    return f"/{entity.path}" if entity.module == "core" else f"/{entity.module}/{entity.path}"


def record_url(crm: Crm, entity_id: str, record_id: str) -> str | None:
    """The path of a record's card, or ``None`` when its module is not there."""
    entity = crm.entities.get(entity_id)
    return f"{base_of(entity)}/{record_id}" if entity is not None else None


def find_url(entity_id: str) -> str:
    """Where a form looks for records of an entity, or for people of the staff, while one types."""
    return f"/find/{entity_id}"


def with_query(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    """The path with the given parameters; empty ones are left out."""
    query = urlencode([(name, value) for name, value in pairs if value != ""])
    return f"{path}?{query}" if query else path
