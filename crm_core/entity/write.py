"""The write path: one for form, API, import, bulk and sync; set statements for any number of records.

validate (``schema.load_input``, at the edge) → permission and visibility → ``crm_validate`` → write with
version check → parts and extensions → ``crm_changed`` → assignments, history, audit → search rows → event
log, all in the caller's one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy import update as sql_update
from sqlalchemy.orm import Session

from crm_core.access.predicate import binds, visible
from crm_core.db.base import new_id, now
from crm_core.db.bulk import insert_rows, update_rows, values_list
from crm_core.db.session import actor_of, crm_of, origin_of
from crm_core.entity import assignment, extension, part, search_row, trail
from crm_core.entity.descriptor import Entity
from crm_core.entity.guard import check_references, require, veto
from crm_core.errors import Conflict, Invalid, NotFound, Problem
from crm_core.plugin.calls import collect
from crm_core.plugin.hookspecs import Batch
from crm_core.text import fold

__all__ = ["assign", "check_versions", "create", "examine", "lock_rows", "update"]

Row = dict[str, Any]
_NOTHING: tuple[Any, ...] = (None, [], "")


def create(
    session: Session,
    entity: Entity,
    rows: Sequence[Mapping[str, Any]],
    *,
    batch_id: str | None = None,
    examined: bool = False,
) -> list[Row]:
    """Write new records and everything that belongs to them; gives the rows with their ids.

    ``rows`` are loaded input: fields, parts, ``ext``, ``custom``; ``examined`` says that ``examine`` has just
    found nothing wrong with what they refer to, in this transaction. Raises ``NotAllowed``, ``Invalid``
    (a veto, or a reference to a record that the actor cannot see) and then writes nothing.
    """
    if not rows:
        return []
    require(session, entity, "create")
    records = _stamped(session, rows, batch_id)
    if entity.prepare is not None:
        entity.prepare(session, records, True)
    _fold_shadows(entity, records)
    if not examined:
        check_references(session, entity, records)
    columns = {record["id"]: _columns(entity, record) for record in records}
    batch = _batch(session, entity, "create", {}, columns)
    veto(session, batch)
    by_id = {record["id"]: record for record in records}
    insert_rows(session, entity.table, list(columns.values()))
    _save_parts(session, entity, by_id, fresh=True)
    if entity.written is not None:
        entity.written(session, records)
    collect(crm_of(session).manager, "crm_changed", session=session, batch=batch)
    trail.happened(session, entity, "core.created", by_id, batch_id=batch_id)
    if batch_id is None:
        trail.audit(session, "create", entity.id, {key: _news(entity, record) for key, record in by_id.items()})
    search_row.add(session, entity, by_id)
    trail.publish(
        session,
        f"{entity.id}.created",
        entity.id,
        {key: (1, {"fields": _given(entity, record)}) for key, record in by_id.items()},
    )
    return records


def examine(session: Session, entity: Entity, rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """The problems that ``create`` would refuse these rows for, each with its row; writes nothing."""
    try:
        records = _stamped(session, rows, None)
        if entity.prepare is not None:
            entity.prepare(session, records, True)
        check_references(session, entity, records)
        veto(
            session,
            _batch(session, entity, "create", {}, {record["id"]: _columns(entity, record) for record in records}),
        )
    except Invalid as error:
        return list(error.problems)
    return []


def update(
    session: Session,
    entity: Entity,
    changes: Mapping[str, Mapping[str, Any]],
    *,
    versions: Mapping[str, int] | None = None,
    batch_id: str | None = None,
    reason: str | None = None,
) -> list[Row]:
    """Change records; gives ``id``, ``version`` and the changed values of each (``before`` for undo).

    ``versions`` are those that the actor has seen. Raises ``NotFound`` when the actor may not edit one
    of them, ``Conflict`` when one was changed meanwhile, ``Invalid`` for a veto; nothing is written then.
    """
    if not changes:
        return []
    fields = {name for change in changes.values() for name in change}
    _require_update(session, entity, fields)
    narrow = _assignment_columns(entity) if fields <= assignment.FIELDS and not versions else None
    old = lock_rows(session, entity, list(changes), _action_for(fields), names=narrow)
    check_versions(old, versions or {})
    merged = _merged(session, entity, old, changes)
    before, after = _differences(narrow or [column.name for column in entity.table.c], old, merged)
    check_references(session, entity, [merged[key] for key in after], names=fields)
    operation = "assign" if fields <= assignment.FIELDS else "update"
    batch = _batch(session, entity, operation, before, after)
    veto(session, batch)
    _write_changes(session, entity, old, after)
    replaced = _save_parts(session, entity, merged, fresh=False)
    _count_version(session, entity, [key for key in replaced if key not in after])
    collect(crm_of(session).manager, "crm_changed", session=session, batch=batch)
    touched = {key for key in changes if after.get(key) or replaced.get(key)}
    assignment.record(session, entity, old, after, reason)
    if batch_id is None:
        trail.audit(
            session,
            operation,
            entity.id,
            {
                key: _pairs(before.get(key, {}), after.get(key, {}), replaced.get(key, {}), merged[key])
                for key in touched
            },
        )
    _refresh_search(session, entity, merged, touched, fields | {name for change in after.values() for name in change})
    trail.publish(
        session,
        f"{entity.id}.{_participle(operation)}",
        entity.id,
        {
            key: (old[key]["version"] + 1, {"fields": sorted({*after.get(key, {}), *replaced.get(key, {})})})
            for key in touched
        },
    )
    return [
        {
            "id": key,
            "version": old[key]["version"] + (key in touched),
            **after.get(key, {}),
            "before": {**before.get(key, {}), **replaced.get(key, {})},
        }
        for key in changes
    ]


def assign(
    session: Session, entity: Entity, ids: Sequence[str], owner_id: str | None, *, reason: str | None = None
) -> list[Row]:
    """Make a person responsible for records (``None``: the queue of their team); the past owners are kept."""
    return update(session, entity, {key: {"owner_id": owner_id} for key in ids}, reason=reason)


def lock_rows(
    session: Session,
    entity: Entity,
    ids: Sequence[str],
    action: str,
    *,
    trashed: bool = False,
    names: Sequence[str] | None = None,
) -> dict[str, Row]:
    """The stored rows of records that the actor may do ``action`` to, locked until the transaction ends.

    ``names`` are the columns that are wanted, all of them where it is ``None``. Raises ``NotFound`` when one
    of the records is not among those.
    """
    table = entity.table
    names = names or [column.name for column in table.c]
    statement: Select[Any] = select(*(table.c[name] for name in names))
    if len(ids) == 1:
        statement = statement.where(table.c.id == ids[0])
    else:
        statement = statement.where(table.c.id.in_(select(values_list(session, ids).c.id)))
    statement = statement.where(table.c.deleted_at.is_not(None) if trashed else table.c.deleted_at.is_(None))
    condition = visible(crm_of(session), entity, action, actor_of(session))
    if condition is not None:
        statement = statement.where(condition)
    found = session.execute(statement.order_by(table.c.id).with_for_update(), binds(actor_of(session)))
    rows = {row["id"]: row for row in (dict(zip(names, values, strict=True)) for values in found)}
    if len(rows) != len(set(ids)):
        raise NotFound
    return rows


def _stamped(session: Session, rows: Sequence[Mapping[str, Any]], batch_id: str | None) -> list[Row]:
    """The rows with what the write path itself knows: id, owner and team, who and when."""
    actor, moment = actor_of(session), now()
    stamp = {
        "created_at": moment,
        "updated_at": moment,
        "created_by": actor.id,
        "updated_by": actor.id,
        "version": 1,
        "import_batch_id": batch_id,
    }
    records = [{"id": new_id(), "custom": {}, "owner_id": actor.user_id, **row, **stamp} for row in rows]
    for record in records:
        record["team_id"] = assignment.team_of(session, record["owner_id"])
    return records


def _columns(entity: Entity, record: Mapping[str, Any]) -> Row:
    known = _column_names(entity)
    return {name: value for name, value in record.items() if name in known}


@lru_cache(maxsize=256)
def _column_names(entity: Entity) -> frozenset[str]:
    return frozenset(column.name for column in entity.table.c)


def _fold_shadows(entity: Entity, rows: Sequence[Row]) -> None:
    shadows = [
        (column.name, column.name.removesuffix("_fold")) for column in entity.table.c if column.name.endswith("_fold")
    ]
    for row in rows:
        for shadow, source in shadows:
            if source in row:
                row[shadow] = fold(row[source] or "")


def _save_parts(session: Session, entity: Entity, rows: Mapping[str, Row], *, fresh: bool) -> dict[str, Row]:
    """Write the parts and extensions that rows hold; gives the values that they replaced."""
    replaced = part.save(session, entity, rows, fresh=fresh)
    for key, value in extension.save(session, entity, rows, fresh=fresh).items():
        replaced.setdefault(key, {})["ext"] = value
    return replaced


def _require_update(session: Session, entity: Entity, fields: set[str]) -> None:
    if fields & assignment.FIELDS:
        require(session, entity, "assign")
    if fields - assignment.FIELDS:
        require(session, entity, "edit")


def _action_for(fields: set[str]) -> str:
    return "assign" if fields <= assignment.FIELDS else "edit"


def check_versions(old: Mapping[str, Row], versions: Mapping[str, int]) -> None:
    """Raise ``Conflict`` when one of the records is no longer the version that the actor has seen."""
    for key, version in versions.items():
        if old[key]["version"] != version:
            raise Conflict(old[key])


def _merged(
    session: Session, entity: Entity, old: Mapping[str, Row], changes: Mapping[str, Mapping[str, Any]]
) -> dict[str, Row]:
    """The rows as they will be, derived columns included."""
    merged = {key: {**old[key], **change} for key, change in changes.items()}
    plain_assignment = all(change.keys() <= assignment.FIELDS for change in changes.values())
    if not plain_assignment:
        for key, row in merged.items():
            row["custom"] = {**old[key]["custom"], **changes[key].get("custom", {})}
        if entity.prepare is not None:
            entity.prepare(session, list(merged.values()), False)
        _fold_shadows(entity, list(merged.values()))
    for row in merged.values():
        if row["owner_id"] != old[row["id"]]["owner_id"] and row["team_id"] == old[row["id"]]["team_id"]:
            row["team_id"] = assignment.team_of(session, row["owner_id"], row["team_id"])
    return merged


def _assignment_columns(entity: Entity) -> list[str]:
    """What has to be known of a record to make somebody responsible for it: a few of its many columns."""
    names = ("id", "version", "created_at", *assignment.FIELDS, entity.title, *entity.rolls_up)
    return list(dict.fromkeys(names))


def _differences(
    names: Sequence[str], old: Mapping[str, Row], merged: Mapping[str, Row]
) -> tuple[dict[str, Row], dict[str, Row]]:
    before: dict[str, Row] = {}
    after: dict[str, Row] = {}
    for key, row in merged.items():
        changed = [name for name in names if row[name] != old[key][name]]
        if changed:
            before[key] = {name: old[key][name] for name in changed}
            after[key] = {name: row[name] for name in changed}
    return before, after


def _write_changes(session: Session, entity: Entity, old: Mapping[str, Row], after: Mapping[str, Row]) -> None:
    stamp = {"updated_at": now(), "updated_by": actor_of(session).id}
    table = entity.table
    groups: dict[tuple[str, ...], dict[str, Row]] = {}
    for key, change in after.items():
        groups.setdefault(tuple(sorted(change)), {})[key] = change
    for group in groups.values():
        common = next(iter(group.values()))
        if all(change == common for change in group.values()):
            chosen = (
                table.c.id == next(iter(group))
                if len(group) == 1
                else table.c.id.in_(select(values_list(session, list(group)).c.id))
            )
            session.execute(sql_update(table).where(chosen).values(**common, **stamp, version=table.c.version + 1))
        else:
            update_rows(
                session,
                table,
                [{"id": key, **change, **stamp, "version": old[key]["version"] + 1} for key, change in group.items()],
            )


def _count_version(session: Session, entity: Entity, ids: Sequence[str]) -> None:
    """A record whose parts alone have changed is a new version too."""
    if ids:
        table = entity.table
        values = {"updated_at": now(), "updated_by": actor_of(session).id, "version": table.c.version + 1}
        chosen = table.c.id.in_(select(values_list(session, ids).c.id))
        session.execute(sql_update(table).where(chosen).values(**values))


def _refresh_search(
    session: Session, entity: Entity, merged: Mapping[str, Row], touched: set[str], fields: set[str]
) -> None:
    """Write the search rows of records again when something by which they are found has changed."""
    sources = {*entity.search, *entity.texts}
    if not touched or not fields & sources:
        return
    ids = sorted(touched)
    values: dict[str, Row] = {key: dict(merged[key]) for key in ids}
    for key, found in part.load(session, entity, ids, [name for name in sources if entity.part(name)]).items():
        values[key].update(found)
    search_row.replace(session, entity, values)


def _batch(
    session: Session, entity: Entity, operation: Any, before: Mapping[str, Row], after: Mapping[str, Row]
) -> Batch:
    return Batch(
        entity=entity.id,
        operation=operation,
        actor=actor_of(session),
        origin=origin_of(session),
        ids=tuple(after),
        before=before,
        after=after,
    )


def _given(entity: Entity, record: Mapping[str, Any]) -> list[str]:
    names = _public_names(entity)
    return sorted([name for name, value in record.items() if name in names and value not in _NOTHING])


@lru_cache(maxsize=256)
def _public_names(entity: Entity) -> frozenset[str]:
    return frozenset((*(field.name for field in entity.fields), *(part.name for part in entity.parts)))


def _news(entity: Entity, record: Mapping[str, Any]) -> Row:
    return {name: (None, record[name]) for name in [*_given(entity, record), "owner_id"]}


def _pairs(before: Row, after: Row, replaced: Row, change: Mapping[str, Any]) -> Row:
    pairs: Row = {name: (before[name], value) for name, value in after.items() if not name.endswith("_fold")}
    pairs.update({name: (value, change.get(name)) for name, value in replaced.items()})
    return pairs


def _participle(operation: str) -> str:
    return {"update": "updated", "assign": "assigned"}[operation]
