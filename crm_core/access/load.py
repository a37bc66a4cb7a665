"""Principals from the database: a user with the rights of all their roles, and the teams they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlalchemy.orm import Session

from crm_core.access.principal import Principal, Scope
from crm_core.db.session import crm_of
from crm_core.errors import NotFound
from crm_core.model import Meta, Role, RoleGrant, Team, TeamMember, User, UserRole

__all__ = ["access_generation", "bump_access", "cached_principal", "load_principal"]

_WIDTH: Mapping[str, int] = {"none": 0, "own": 1, "team": 2, "subtree": 3, "all": 4}
_KEY = "access"


def access_generation() -> Any:
    """A scalar subquery: the number that grows with every change of users, roles and teams."""
    table = Meta.__table__
    return select(table.c.value).where(table.c.key == _KEY).scalar_subquery()


def bump_access(session: Session) -> None:
    """Make every worker load its principals anew: rights or teams have changed in this transaction."""
    insert: Any = insert_on_sqlite if crm_of(session).database.sqlite else insert_on_postgresql
    table = Meta.__table__
    session.execute(insert(table).values(key=_KEY, value=0).on_conflict_do_nothing())
    session.execute(update(table).where(table.c.key == _KEY).values(value=table.c.value + 1))


def cached_principal(session: Session, user_id: str, generation: int | None) -> Principal:
    """The principal of a user, kept in this process until rights change somewhere."""
    if "origin" in session.info:
        # A transaction sees rights that it may still roll back: nobody else may get them.
        return load_principal(session, user_id)
    statements = crm_of(session).statements
    key = ("principal", user_id)
    found = statements.get(key)
    if found is None or found[0] != generation:
        found = statements[key] = (generation, load_principal(session, user_id))
    principal: Principal = found[1]
    return principal


def load_principal(session: Session, user_id: str) -> Principal:
    """A user as a principal with the rights of this moment. Raises ``NotFound`` for one who is not active."""
    users = User.__table__
    user = session.execute(select(users).where(users.c.id == user_id, users.c.is_active)).mappings().one_or_none()
    if user is None:
        raise NotFound
    grants, permissions = _rights(session, user_id)
    teams, subtree = _teams(session, user_id, user["team_id"])
    return Principal(
        kind="staff",
        id=user_id,
        user_id=user_id,
        name=user["name"],
        language=user["language"],
        zone=user["zone"],
        team_id=user["team_id"],
        teams=teams,
        subtree=subtree,
        grants=MappingProxyType(grants),
        permissions=permissions,
    )


def _rights(session: Session, user_id: str) -> tuple[dict[tuple[str, str], Scope], frozenset[str]]:
    """The rights of all roles added up: of several scopes the widest counts."""
    roles, grants, mine = Role.__table__, RoleGrant.__table__, UserRole.__table__
    held = select(mine.c.role_id).where(mine.c.user_id == user_id)
    permissions = session.execute(select(roles.c.permissions).where(roles.c.id.in_(held))).scalars()
    named = frozenset(name for names in permissions for name in names)
    scopes: dict[tuple[str, str], Scope] = {}
    statement = select(grants.c.entity, grants.c.action, grants.c.scope).where(grants.c.role_id.in_(held))
    for entity, action, scope in session.execute(statement):
        if _WIDTH.get(scope, 0) > _WIDTH[scopes.get((entity, action), "none")]:
            scopes[entity, action] = scope
    return scopes, named


def _teams(session: Session, user_id: str, primary: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The teams of a user, and these with all teams below them."""
    members, teams = TeamMember.__table__, Team.__table__
    mine = set(session.execute(select(members.c.team_id).where(members.c.user_id == user_id)).scalars())
    mine |= {primary} if primary else set()
    if not mine:
        return (), ()
    paths = session.execute(select(teams.c.path).where(teams.c.id.in_(mine))).scalars().all()
    return tuple(sorted(mine)), tuple(sorted(mine | set(_below(session, paths))))


def _below(session: Session, paths: Iterable[str]) -> Iterable[str]:
    teams = Team.__table__
    starts = [teams.c.path.startswith(path, autoescape=True) for path in paths]
    return session.execute(select(teams.c.id).where(or_(*starts))).scalars() if starts else ()
