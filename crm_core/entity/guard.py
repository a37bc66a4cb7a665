"""What must hold before a write: the right, references that the actor can see, no veto of a module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access.predicate import binds, visible
from crm_core.db.bulk import values_list
from crm_core.db.session import actor_of, crm_of
from crm_core.entity.descriptor import Entity
from crm_core.errors import Invalid, NotAllowed, Problem
from crm_core.plugin.calls import collect
from crm_core.plugin.hookspecs import Batch
from crm_core.text import messages

__all__ = ["check_references", "require", "veto"]

_ = messages("core")


def require(session: Session, entity: Entity, action: str) -> None:
    """Refuse (``NotAllowed``) an actor who has no right for the action at any scope."""
    if actor_of(session).scope(entity.id, action) == "none":
        raise NotAllowed


def veto(session: Session, batch: Batch) -> None:
    """Ask every module; raises ``Invalid`` with all their problems."""
    problems = collect(crm_of(session).manager, "crm_validate", session=session, operation=batch.operation, batch=batch)
    if problems:
        raise Invalid(problems)


def check_references(
    session: Session, entity: Entity, rows: Sequence[Mapping[str, Any]], *, names: set[str] | None = None
) -> None:
    """Refuse references to records that do not exist for the actor, all of them at once; a statement per entity."""
    problems = []
    for target, fields in _targets(session, entity, names).items():
        wanted = {row[name] for row in rows for name in fields if row.get(name)}
        missing = wanted - _seen(session, target, wanted) if wanted else set()
        problems += [
            Problem(id="core.no_such_record", message=_("There is no such record."), field=name, row=position)
            for position, row in enumerate(rows)
            for name in fields
            if row.get(name) in missing and row.get(name)
        ]
    if problems:
        raise Invalid(problems)


def _targets(session: Session, entity: Entity, names: set[str] | None) -> dict[Entity, list[str]]:
    found: dict[Entity, list[str]] = {}
    for field in entity.fields:
        target = crm_of(session).entities.get(field.ref or "")
        if target is not None and (names is None or field.name in names):
            found.setdefault(target, []).append(field.name)
    return found


def _seen(session: Session, target: Entity, ids: set[str]) -> set[str]:
    table = target.table
    chosen = (
        table.c.id == next(iter(ids))
        if len(ids) == 1
        else table.c.id.in_(select(values_list(session, sorted(ids)).c.id))
    )
    statement = select(table.c.id).where(chosen, table.c.deleted_at.is_(None))
    condition = visible(crm_of(session), target, "view", actor_of(session))
    if condition is not None:
        statement = statement.where(condition)
    return set(session.execute(statement, binds(actor_of(session))).scalars())
