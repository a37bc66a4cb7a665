"""Roles: named sets of rights; those of several roles add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from crm_core.access.load import bump_access
from crm_core.access.principal import ACTIONS
from crm_core.db.base import new_id
from crm_core.db.session import crm_of
from crm_core.entity.identifier import uuid_text
from crm_core.errors import Invalid, NotAllowed, NotFound, Problem
from crm_core.model import Role, RoleGrant, UserRole
from crm_core.plugin.contributions import Permission
from crm_core.service.people.change import begin_change, changed, named
from crm_core.text import messages
from crm_core.translation import LANGUAGES

__all__ = ["SCOPES", "create_role", "delete_role", "role", "roles", "save_role", "seed_roles"]

_ = messages("core")

SCOPES = ("none", "own", "team", "subtree", "all")
_ROLES, _GRANTS, _HELD = Role.__table__, RoleGrant.__table__, UserRole.__table__
_EVERYTHING = dict.fromkeys(ACTIONS, "all")
# What the four roles of a new installation may do; an administrator changes them as the firm needs.
_BUILTIN: Mapping[str, tuple[dict[str, str], dict[str, str], list[str]]] = {
    "admin": ({"en": "Administrator", "ru": "Администратор"}, _EVERYTHING, ["*"]),
    "head": (
        {"en": "Head", "ru": "Руководитель"},
        {**_EVERYTHING, "edit": "subtree", "delete": "subtree", "export": "subtree", "assign": "subtree"},
        ["core.import"],
    ),
    "sales": (
        {"en": "Sales", "ru": "Менеджер по продажам"},
        {"view": "team", "create": "all", "edit": "own", "delete": "own", "export": "own", "assign": "own"},
        ["core.import"],
    ),
    "auditor": ({"en": "Auditor", "ru": "Наблюдатель"}, {"view": "all"}, []),
}


def roles(session: Session) -> list[dict[str, Any]]:
    """All roles with their grants ``{entity: {action: scope}}`` and how many ``users`` have them."""
    return _select(session)


def role(session: Session, role_id: str) -> dict[str, Any]:
    """One role with its grants. Raises ``NotFound``."""
    key = uuid_text(role_id)
    found = next((row for row in _select(session) if row["id"] == key), None)
    if found is None:
        raise NotFound
    return found


def create_role(session: Session, name: str) -> str:
    """Make a role without any right; gives the id. Needs ``core.admin``."""
    begin_change(session)
    role_id, label = new_id(), named(name)
    row = {
        "id": role_id,
        "key": f"role-{role_id[-12:]}",
        "name": dict.fromkeys(LANGUAGES, label),
        "permissions": [],
    }
    session.execute(insert(_ROLES), row)
    changed(session, "create", "core.role", role_id, {"name": (None, label)})
    return role_id


def save_role(
    session: Session,
    role_id: str,
    *,
    grants: Mapping[str, Mapping[str, str]],
    permissions: Sequence[str],
    name: str | None = None,
) -> None:
    """Set the rights of a role; the role of administrators keeps all of them. Needs ``core.admin``.

    ``grants`` are ``{entity: {action: scope}}``; entities that are not named, and the permissions of modules that are
    switched off, stay as they are. Raises ``Invalid`` for a right that does not exist.
    """
    begin_change(session)
    old = role(session, role_id)
    if old["key"] == "admin":
        raise NotAllowed(_("Administrators may do everything; this cannot be changed."))
    known = {item.id for item in crm_of(session).all(Permission)}
    _check(session, grants, set(permissions), known)
    rows = [
        {"role_id": old["id"], "entity": entity, "action": action, "scope": scope}
        for entity, actions in grants.items()
        for action, scope in actions.items()
        if scope != "none"
    ]
    session.execute(delete(_GRANTS).where(_GRANTS.c.role_id == old["id"], _GRANTS.c.entity.in_(list(grants))))
    if rows:
        session.execute(insert(_GRANTS), rows)
    values: dict[str, Any] = {"permissions": sorted({*permissions, *(set(old["permissions"]) - known)})}
    if name is not None and named(name) not in old["name"].values():
        values["name"] = dict.fromkeys(LANGUAGES, named(name))
    session.execute(update(_ROLES).where(_ROLES.c.id == old["id"]).values(**values))
    new = role(session, old["id"])
    changes = {field: (old[field], new[field]) for field in ("name", "grants", "permissions")}
    changed(session, "update", "core.role", old["id"], {k: pair for k, pair in changes.items() if pair[0] != pair[1]})


def delete_role(session: Session, role_id: str) -> None:
    """Remove a role that the firm made; who has it loses its rights. Needs ``core.admin``."""
    begin_change(session)
    old = role(session, role_id)
    if old["is_builtin"]:
        raise NotAllowed(_("This role belongs to the program; it can be changed but not removed."))
    session.execute(delete(_ROLES).where(_ROLES.c.id == old["id"]))
    changes = {field: (old[field], None) for field in ("name", "grants", "permissions")}
    changed(session, "delete", "core.role", old["id"], changes)


def seed_roles(session: Session) -> None:
    """Make the roles of a new installation; those that exist stay as they are."""
    known = set(session.execute(select(_ROLES.c.key)).scalars())
    for key, (name, actions, permissions) in _BUILTIN.items():
        if key in known:
            continue
        role_id = new_id()
        row = {"id": role_id, "key": key, "name": name, "permissions": permissions, "is_builtin": True}
        session.execute(insert(_ROLES), row)
        grants = [{"role_id": role_id, "entity": "*", "action": a, "scope": s} for a, s in actions.items()]
        session.execute(insert(_GRANTS), grants)
    bump_access(session)


def _select(session: Session) -> list[dict[str, Any]]:
    grants: dict[str, dict[str, dict[str, str]]] = {}
    for role_id, entity, action, scope in session.execute(
        select(_GRANTS.c.role_id, _GRANTS.c.entity, _GRANTS.c.action, _GRANTS.c.scope)
    ):
        grants.setdefault(role_id, {}).setdefault(entity, {})[action] = scope
    holders: dict[str, int] = {}
    for role_id in session.execute(select(_HELD.c.role_id)).scalars():
        holders[role_id] = holders.get(role_id, 0) + 1
    found = session.execute(select(_ROLES).order_by(_ROLES.c.is_builtin.desc(), _ROLES.c.id)).mappings()
    return [{**row, "grants": grants.get(row["id"], {}), "users": holders.get(row["id"], 0)} for row in found]


def _check(session: Session, grants: Mapping[str, Mapping[str, str]], wanted: set[str], known: set[str]) -> None:
    entities = {"*", *crm_of(session).entities}
    sound = grants.keys() <= entities and all(
        action in ACTIONS and scope in SCOPES for actions in grants.values() for action, scope in actions.items()
    )
    if not sound or not wanted <= known:
        raise Invalid([Problem(id="core.no_such_right", message=_("There is no such right."))])
