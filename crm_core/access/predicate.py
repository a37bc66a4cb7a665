"""One function makes the condition under which rows are seen: (entity, action, actor) to SQL.

The shape of a condition depends on the kind of scope only; the values are the named binds ``:me``,
``:teams``, ``:subtree``, ``:audience_id``, so that statements are compiled once per shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, FromClause, Table, and_, bindparam, exists, false, or_, select

from crm_core.access.principal import ACTIONS, Principal
from crm_core.db.policy import Audience, ChildOf, Owned, Public, Regarding
from crm_core.db.types import Id
from crm_core.plugin.calls import collect
from crm_core.plugin.contributions import Grant

if TYPE_CHECKING:
    from crm_core.entity.descriptor import Entity
    from crm_core.runtime import Crm

__all__ = ["binds", "readable", "scope_key", "visible"]

Condition = ColumnElement[bool] | None


def binds(actor: Principal) -> dict[str, Any]:
    """The values of the named binds for an actor."""
    return {
        "me": actor.user_id,
        "teams": list(actor.teams),
        "subtree": list(actor.subtree),
        "audience_id": actor.account_id,
    }


def scope_key(crm: Crm, actor: Principal) -> tuple[Any, ...]:
    """What the shape of an actor's conditions depends on: part of every statement's cache key."""
    known = crm.statements.get(("scopes", id(actor.grants)))
    if known is not None and known[0] is actor.grants and known[1] == actor.kind:
        return known[2]  # type: ignore[no-any-return]
    key = (actor.kind, *(actor.scope(entity, action) for entity in crm.entities for action in ACTIONS))
    crm.statements["scopes", id(actor.grants)] = (actor.grants, actor.kind, key)
    return key


def visible(crm: Crm, entity: Entity, action: str, actor: Principal, rows: FromClause | None = None) -> Condition:
    """The condition under which the actor may do ``action`` to rows of the entity; ``None``: to all.

    ``rows`` is the table or an alias of it.
    """
    table = entity.table if rows is None else rows
    own = _by_policy(crm, entity, action, actor, table)
    if own is not None:
        own = or_(own, *_granted(crm, entity, action, actor, table))
    restrictions = collect(crm.manager, "crm_visible", entity=entity.id, action=action)
    conditions = [condition for condition in (own, *restrictions) if condition is not None]
    return and_(*conditions) if conditions else None


def readable(crm: Crm, action: str, actor: Principal, rows: FromClause) -> Condition:
    """The condition for rows that belong to the record named by their ``entity`` and ``record_id``."""
    branches, everything = [], True
    for entity in crm.entities.values():
        condition = visible(crm, entity, action, actor)
        named = rows.c.entity == entity.id
        if condition is None:
            branches.append(named)
            continue
        everything = False
        branches.append(and_(named, _exists(entity.table, entity.table.c.id == rows.c.record_id, condition)))
    return None if everything else or_(false(), *branches)


def _by_policy(crm: Crm, entity: Entity, action: str, actor: Principal, table: FromClause) -> Condition:
    policy = entity.model.__policy__
    if isinstance(policy, Owned):
        return _owned(actor.scope(entity.id, action), table)
    if actor.scope(entity.id, action) == "none":
        return false()
    if isinstance(policy, ChildOf):
        return _child(crm, entity.table, policy, action, actor, table)
    if isinstance(policy, Regarding):
        return readable(crm, "view", actor, table)
    if isinstance(policy, Audience):
        return table.c[policy.column] == bindparam("audience_id", type_=Id())
    return None if isinstance(policy, Public) or actor.kind == "system" else false()


def _owned(scope: str, table: FromClause) -> Condition:
    conditions: Mapping[str, Callable[[], Condition]] = {
        "none": false,
        "own": lambda: _mine(table),
        "team": lambda: or_(_mine(table), table.c.team_id.in_(_many("teams"))),
        "subtree": lambda: or_(_mine(table), table.c.team_id.in_(_many("subtree"))),
        "all": lambda: None,
    }
    return conditions[scope]()


def _mine(table: FromClause) -> ColumnElement[bool]:
    owned: ColumnElement[bool] = table.c.owner_id == bindparam("me", type_=Id())
    return owned


def _many(name: str) -> Any:
    return bindparam(name, type_=Id(), expanding=True)


def _child(crm: Crm, source: Table, policy: ChildOf, action: str, actor: Principal, table: FromClause) -> Condition:
    """Visible with any of its parents; unconditional when every parent is."""
    branches = []
    for column in policy.columns:
        (key,) = source.c[column].foreign_keys
        parent = next(entity for entity in crm.entities.values() if entity.table is key.column.table)
        condition = visible(crm, parent, "view" if action == "view" else "edit", actor)
        if condition is None:
            return None
        branches.append(_exists(parent.table, parent.table.c.id == table.c[column], condition))
    return or_(*branches)


def _exists(table: Table, join: ColumnElement[bool], condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(1).select_from(table).where(join, condition).correlate_except(table))


def _granted(crm: Crm, entity: Entity, action: str, actor: Principal, table: FromClause) -> list[ColumnElement[bool]]:
    return [
        grant.condition(table)
        for grant in crm.all(Grant)
        if grant.entity == entity.id and grant.audience == actor.kind and action in grant.actions
    ]
