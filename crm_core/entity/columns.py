"""The columns of a select: the fields of a view, and the names of what references point to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, FromClause, and_
from sqlalchemy.orm import Session

from crm_core.access.predicate import visible
from crm_core.db.session import actor_of, crm_of
from crm_core.entity.descriptor import Entity
from crm_core.model import Team, User

if TYPE_CHECKING:
    from crm_core.runtime import Crm

__all__ = ["ALWAYS", "Join", "Shown", "label_name", "shown_columns"]

ALWAYS = ("id", "version")


@dataclass(frozen=True, slots=True)
class Join:
    """A table whose name column labels a reference."""

    alias: FromClause
    on: ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Shown:
    """What is selected, under which keys, and what has to be joined for it."""

    columns: tuple[ColumnElement[Any], ...]
    keys: tuple[str, ...]
    joins: tuple[Join, ...]


def label_name(field: str) -> str:
    """The key under which the name of a reference stands beside its id: ``owner`` beside ``owner_id``."""
    return field.removesuffix("_id") if field.endswith("_id") else f"{field}_label"


def shown_columns(session: Session, entity: Entity, names: Sequence[str]) -> Shown:
    """The columns for the named fields; a reference brings the label of what it points to.

    A label is shown only where the actor may see the record that it names.
    """
    columns: list[Any] = []
    keys: list[str] = []
    joins: list[Join] = []
    for name in dict.fromkeys(names):
        if name not in entity.table.c:
            continue
        columns.append(entity.table.c[name])
        keys.append(name)
        target = _target(entity, name)
        if target is not None:
            join, label = _label_join(session, entity, name, target, columns)
            joins.append(join)
            columns.append(label)
            keys.append(label_name(name))
    return Shown(tuple(columns), tuple(keys), tuple(joins))


def _target(entity: Entity, name: str) -> str | None:
    if name == "owner_id":
        return "core.user"
    if name == "team_id":
        return "core.team"
    field = entity.field(name)
    return field.ref if field is not None else None


def _label_join(
    session: Session, entity: Entity, name: str, target: str, columns: Sequence[Any]
) -> tuple[Join, ColumnElement[Any]]:
    crm = crm_of(session)
    source, title = _label_source(crm, target)
    alias = source.alias(f"l{len(columns)}")
    on: ColumnElement[bool] = alias.c.id == entity.table.c[name]
    described = crm.entities.get(target)
    condition = visible(crm, described, "view", actor_of(session), alias) if described is not None else None
    return Join(alias, on if condition is None else and_(on, condition)), alias.c[title]


def _label_source(crm: Crm, target: str) -> tuple[Any, str]:
    if target == "core.user":
        return User.__table__, "name"
    if target == "core.team":
        return Team.__table__, "name"
    entity = crm.entities[target]
    return entity.table, entity.title
