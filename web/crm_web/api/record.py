"""Operations on records: list, read, create, change, trash, restore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from flask import Response, g, request
from sqlalchemy import Column, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from crm_core.entity import part
from crm_core.entity.descriptor import Entity
from crm_core.entity.guard import require
from crm_core.entity.identifier import uuid_text
from crm_core.entity.query import query
from crm_core.entity.record import whole
from crm_core.entity.schema import load_input
from crm_core.entity.trash import restore, trash
from crm_core.entity.view import SYSTEM_FIELDS, View, parse_view
from crm_core.entity.write import create, update
from crm_core.errors import Conflict, NotFound
from crm_core.runtime import Crm
from crm_web.api.body import read_object
from crm_web.api.caller import reading, writing
from crm_web.api.once import once
from crm_web.api.output import answer, etag, no_content
from crm_web.api.precondition import is_unchanged, versions_seen
from crm_web.api.problem import KINDS, problem_response

__all__ = [
    "change_record",
    "create_record",
    "list_records",
    "one_id",
    "read_record",
    "representation",
    "restore_record",
    "shown",
    "trash_record",
]


def list_records(crm: Crm, entity: Entity) -> Response:
    """One page of the records that the caller may see."""
    with reading(crm) as session:
        require(session, entity, "view")
        view = parse_view(entity, request.args.items(multi=True))
        page = query(session, entity, view)
        _add_parts(session, entity, view, page.rows)
    found: dict[str, Any] = {"items": page.rows, "next": page.next, "previous": page.previous}
    if page.read_as is not None:
        found["read_as"] = page.read_as
    return answer(found)


def read_record(crm: Crm, entity: Entity, record_id: str) -> Response:
    """One record with all its fields and parts."""
    with reading(crm) as session:
        require(session, entity, "view")
        row = shown(session, entity, one_id(record_id))
    headers = {"ETag": etag(row["version"])}
    return no_content(304, headers) if is_unchanged(row["version"]) else answer(row, headers=headers)


def create_record(crm: Crm, entity: Entity) -> Response:
    """Writes a new record, once for each ``Idempotency-Key``."""
    with writing(crm) as session:

        def write() -> Response:
            (row,) = create(session, entity, [load_input(session, entity, read_object())])
            headers = {"Location": f"{request.path}/{row['id']}", "ETag": etag(row["version"])}
            return answer(representation(entity, row), 201, headers)

        return once(session, write)


def change_record(crm: Crm, entity: Entity, record_id: str) -> Response:
    """Changes the named fields of the version that the caller has seen."""
    key = one_id(record_id)
    try:
        with writing(crm) as session:
            change = load_input(session, entity, read_object(), partial=True)
            update(session, entity, {key: change}, versions=versions_seen(key))
            row = shown(session, entity, key)
    except Conflict as conflict:
        return _conflict(crm, entity, key, conflict)
    return answer(row, headers={"ETag": etag(row["version"])})


def trash_record(crm: Crm, entity: Entity, record_id: str) -> Response:
    """Puts the version that the caller has seen into the trash, with all that belongs to it."""
    key = one_id(record_id)
    try:
        with writing(crm) as session:
            trash(session, entity, [key], versions=versions_seen(key))
    except Conflict as conflict:
        return _conflict(crm, entity, key, conflict)
    return no_content(204)


def restore_record(crm: Crm, entity: Entity, record_id: str) -> Response:
    """Brings a record back from the trash, with everything that went there with it."""
    key = one_id(record_id)
    with writing(crm) as session:
        restore(session, entity, _mark(session, entity, key))
        row = shown(session, entity, key)
    return answer(row, headers={"ETag": etag(row["version"])})


def one_id(text: str) -> str:
    """The id of an address in its normal form. What is no id names no record (``NotFound``)."""
    found = uuid_text(text)
    if found is None:
        raise NotFound
    return found


def shown(session: Session, entity: Entity, record_id: str) -> dict[str, Any]:
    """A record as the interface shows it: fields with the names of what they refer to, parts, extensions."""
    row = whole(session, entity, record_id)
    del row["deleted_at"]
    return row


def representation(entity: Entity, row: Mapping[str, Any]) -> dict[str, Any]:
    """A record that was just written: what is stored of it, without the names of what it refers to."""
    found = {name: row.get(name, default) for name, default in _defaults(entity)}
    found.update((name, row[name]) for name in (*(part.name for part in entity.parts), "ext") if name in row)
    return found


@lru_cache(maxsize=256)
def _defaults(entity: Entity) -> tuple[tuple[str, Any], ...]:
    """The columns that are shown, each with the value that the table gives it when nothing is said."""
    names = dict.fromkeys((*SYSTEM_FIELDS, *(field.name for field in entity.fields)))
    return tuple((name, _default_of(entity.table.c[name])) for name in names)


def _default_of(column: Column[Any]) -> Any:
    return column.default.arg if isinstance(column.default, ScalarElementColumnDefault) else None


def _add_parts(session: Session, entity: Entity, view: View, rows: Sequence[dict[str, Any]]) -> None:
    """The parts that ``fields`` asks for; a statement for each of their tables."""
    wanted = [name for name in view.columns if entity.part(name) is not None]
    if not wanted or not rows:
        return
    loaded = part.load(session, entity, [row["id"] for row in rows], wanted)
    for row in rows:
        row.update(loaded[row["id"]])


def _mark(session: Session, entity: Entity, record_id: str) -> str:
    """Under which mark a record went into the trash; whether it may be restored is asked by ``restore``."""
    table = entity.table
    statement = select(table.c.deleted_batch).where(table.c.id == record_id, table.c.deleted_at.is_not(None))
    mark: str | None = session.execute(statement).scalar_one_or_none()
    if mark is None:
        raise NotFound
    return mark


def _conflict(crm: Crm, entity: Entity, record_id: str, conflict: Conflict) -> Response:
    """The refusal, with the record as it is now and its tag, so that the caller can decide and try again."""
    with crm.reading(g.actor) as session:
        row = shown(session, entity, record_id)
    kind, headers = KINDS["precondition-failed"], {"ETag": etag(row["version"])}
    return problem_response(crm, kind, conflict.message, headers=headers, members={"current": row})
