"""What must hold before a write: the right, references that the actor can see, no veto of a module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select
from sqlalchemy.orm import Session

from crm_core.access.predicate import binds, scope_key, visible
from crm_core.db.bulk import values_list
from crm_core.db.prepared import Prepared
from crm_core.db.session import actor_of, crm_of
from crm_core.db.types import Id
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
    for target, places in _targets(session, entity, names).items():
        found = [
            (position, *mention)
            for position, row in enumerate(rows)
            for place in places
            for mention in _mentions(row, place)
        ]
        wanted = {value for _position, _name, value in found}
        missing = wanted - _seen(session, target, wanted) if wanted else set()
        # What a form says once may stand in two places by now: it is told once, by the name that comes first.
        told: dict[tuple[int, str], str] = {}
        for position, name, value in found:
            if value in missing:
                told.setdefault((position, value), name)
        problems += [
            Problem(id="core.no_such_record", message=_("There is no such record."), field=name, row=position)
            for (position, _value), name in told.items()
        ]
    if problems:
        raise Invalid(problems)


def _targets(session: Session, entity: Entity, names: set[str] | None) -> dict[Entity, list[tuple[str, ...]]]:
    """Where references to each entity stand: in a field, or in a column of the items of a part."""
    places: list[tuple[tuple[str, ...], str]] = []
    places += [((field.name,), field.ref) for field in entity.fields if field.ref is not None]
    places += [((part.name, column), ref) for part in entity.parts for column, ref in part.refs.items()]
    found: dict[Entity, list[tuple[str, ...]]] = {}
    for place, ref in places:
        target = crm_of(session).entities.get(ref)
        if target is not None and (names is None or place[0] in names):
            found.setdefault(target, []).append(place)
    return found


def _mentions(row: Mapping[str, Any], place: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The ids that stand in one place of a row, with the names under which problems are told."""
    value = row.get(place[0])
    if not value:
        return
    if len(place) == 1:
        yield place[0], value
        return
    for number, item in enumerate(value):
        if item.get(place[1]):
            yield f"{place[0]}.{number}.{place[1]}", item[place[1]]


def _seen(session: Session, target: Entity, ids: set[str]) -> set[str]:
    parameters = binds(actor_of(session))
    if len(ids) == 1:
        return {row[0] for row in _seen_one(session, target).rows(session, {**parameters, "id": next(iter(ids))})}
    chosen = target.table.c.id.in_(select(values_list(session, sorted(ids)).c.id))
    return set(session.execute(_seen_where(session, target, chosen), parameters).scalars())


def _seen_one(session: Session, target: Entity) -> Prepared:
    """Made once for each kind of rights: nearly every record is written alone."""
    crm = crm_of(session)
    key = ("seen", target.id, scope_key(crm, actor_of(session)))
    statement: Prepared | None = crm.statements.get(key)
    if statement is None:
        one = target.table.c.id == bindparam("id", type_=Id())
        statement = crm.statements[key] = Prepared(_seen_where(session, target, one))
    return statement


def _seen_where(session: Session, target: Entity, chosen: ColumnElement[bool]) -> Select[Any]:
    table = target.table
    statement = select(table.c.id).where(chosen, table.c.deleted_at.is_(None))
    condition = visible(crm_of(session), target, "view", actor_of(session))
    return statement if condition is None else statement.where(condition)
