"""Fields that modules add to other modules' entities: 1:1 side tables, shown under ``ext.<module>``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm_core.db.bulk import insert_rows, values_list
from crm_core.db.session import crm_of
from crm_core.entity.descriptor import Entity
from crm_core.plugin.contributions import FieldExtension

__all__ = ["extensions_of", "load", "save"]


def extensions_of(session: Session, entity: Entity) -> list[tuple[str, FieldExtension]]:
    """The extensions of an entity with the module that each belongs to."""
    found = crm_of(session).all(FieldExtension)
    return [(extension.id.split(".", 1)[0], extension) for extension in found if extension.entity == entity.id]


def load(session: Session, entity: Entity, ids: Sequence[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """``{record id: {module: {field: value}}}`` of the records that have values; one statement an extension."""
    values: dict[str, dict[str, dict[str, Any]]] = {}
    for module, extension in extensions_of(session, entity):
        for record_id, row in _rows(session, extension, ids).items():
            values.setdefault(record_id, {})[module] = row
    return values


def save(session: Session, entity: Entity, rows: Mapping[str, Mapping[str, Any]], *, fresh: bool) -> dict[str, Any]:
    """Write what rows hold under ``ext``; a row appears in the side table when a value is first set."""
    replaced: dict[str, Any] = {}
    for module, extension in extensions_of(session, entity):
        given = {key: row["ext"][module] for key, row in rows.items() if module in (row.get("ext") or {})}
        if not given:
            continue
        old = {} if fresh else _rows(session, extension, list(given))
        _write(
            session,
            extension,
            {key: {**_empty(extension), **old.get(key, {}), **value} for key, value in given.items()},
            bool(old),
        )
        for key in given:
            replaced.setdefault(key, {})[module] = old.get(key)
    return replaced


def _rows(session: Session, extension: FieldExtension, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    table = extension.model.__table__
    names = [field.name for field in extension.fields]
    chosen = table.c.record_id.in_(select(values_list(session, ids).c.id))
    found = session.execute(select(table.c.record_id, *(table.c[name] for name in names)).where(chosen))
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in found}


def _empty(extension: FieldExtension) -> dict[str, Any]:
    return {field.name: None for field in extension.fields}


def _write(session: Session, extension: FieldExtension, values: Mapping[str, dict[str, Any]], replacing: bool) -> None:
    table = extension.model.__table__
    if replacing:
        session.execute(delete(table).where(table.c.record_id.in_(select(values_list(session, list(values)).c.id))))
    insert_rows(session, table, [{"record_id": key, **value} for key, value in values.items()])
