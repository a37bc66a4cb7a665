"""The trash: records disappear from every list, keep their data for thirty days, and can be brought back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm_core.access.predicate import binds, visible
from crm_core.db.base import new_id, now
from crm_core.db.bulk import values_list
from crm_core.db.session import actor_of, crm_of, origin_of
from crm_core.entity import part, search_row, trail
from crm_core.entity.descriptor import Entity
from crm_core.entity.guard import require, veto
from crm_core.entity.write import check_versions, lock_rows
from crm_core.errors import Invalid, NotFound, Problem
from crm_core.plugin.calls import collect
from crm_core.plugin.hookspecs import Batch, Operation
from crm_core.text import messages

__all__ = ["restore", "trash"]

_ = messages("core")


def trash(
    session: Session,
    entity: Entity,
    ids: Sequence[str],
    *,
    versions: Mapping[str, int] | None = None,
    audited: bool = True,
) -> str:
    """Put records into the trash; gives the mark by which ``restore`` brings exactly them back.

    Raises ``NotFound``, ``Conflict`` or ``Invalid`` (a veto) and then changes nothing.
    """
    require(session, entity, "delete")
    old = lock_rows(session, entity, ids, "delete")
    check_versions(old, versions or {})
    mark, moment = new_id(), now()
    after = {key: {"deleted_at": moment} for key in old}
    _tell(session, entity, "trash", after)
    table = entity.table
    chosen = table.c.id.in_(select(values_list(session, list(old)).c.id))
    stamp = {"deleted_at": moment, "deleted_batch": mark, "updated_at": moment, "updated_by": actor_of(session).id}
    session.execute(update(table).where(chosen).values(**stamp, version=table.c.version + 1))
    search_row.remove(session, list(old))
    if audited:
        trail.audit(session, "trash", entity.id, {key: {"name": (row[entity.title], None)} for key, row in old.items()})
    trail.publish(
        session, f"{entity.id}.trashed", entity.id, {key: (row["version"] + 1, {}) for key, row in old.items()}
    )
    return mark


def restore(session: Session, entity: Entity, mark: str) -> list[str]:
    """Bring back the records that one ``trash`` removed; gives their ids.

    Raises ``NotFound`` when there are none for this actor, ``Invalid`` when a unique value was taken.
    """
    require(session, entity, "delete")
    table = entity.table
    statement = select(table.c.id).where(table.c.deleted_batch == mark, table.c.deleted_at.is_not(None))
    condition = visible(crm_of(session), entity, "delete", actor_of(session))
    if condition is not None:
        statement = statement.where(condition)
    ids = list(session.execute(statement, binds(actor_of(session))).scalars())
    if not ids:
        raise NotFound
    old = lock_rows(session, entity, ids, "delete", trashed=True)
    _tell(session, entity, "restore", {key: {"deleted_at": None} for key in old})
    chosen = table.c.id.in_(select(values_list(session, ids).c.id))
    try:
        session.execute(
            update(table)
            .where(chosen)
            .values(deleted_at=None, deleted_batch=None, updated_at=now(), version=table.c.version + 1)
        )
    except IntegrityError as error:
        message = _("A record with the same unique value exists by now.")
        raise Invalid([Problem(id="core.taken", message=message)]) from error
    parts = part.load(session, entity, ids, [name for name in (*entity.search, *entity.texts) if entity.part(name)])
    search_row.add(session, entity, {key: {**row, **parts[key]} for key, row in old.items()})
    trail.audit(session, "restore", entity.id, {key: {"name": (None, row[entity.title])} for key, row in old.items()})
    trail.publish(
        session, f"{entity.id}.restored", entity.id, {key: (row["version"] + 1, {}) for key, row in old.items()}
    )
    return ids


def _tell(session: Session, entity: Entity, operation: Operation, after: Mapping[str, Mapping[str, object]]) -> None:
    batch = Batch(
        entity=entity.id,
        operation=operation,
        actor=actor_of(session),
        origin=origin_of(session),
        ids=tuple(after),
        after=after,
    )
    veto(session, batch)
    collect(crm_of(session).manager, "crm_changed", session=session, batch=batch)
