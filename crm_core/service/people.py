"""The people of the firm: users, teams, roles. Every change is in the audit and takes effect at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from crm_core.access.load import bump_access
from crm_core.access.principal import ACTIONS
from crm_core.db.base import new_id
from crm_core.db.session import actor_of
from crm_core.entity import trail
from crm_core.entity.identifier import uuid_text
from crm_core.entity.point import normal_email, normal_phone
from crm_core.entity.schema import Text, problems_of
from crm_core.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from crm_core.model import Role, RoleGrant, Team, TeamMember, User, UserRole
from crm_core.service import identity
from crm_core.text import fold, messages
from crm_core.translation import LANGUAGES

__all__ = [
    "SCOPES",
    "create_role",
    "create_team",
    "create_user",
    "invite",
    "roles",
    "save_role",
    "seed_roles",
    "teams",
    "update_team",
    "update_user",
    "user",
    "users",
]

_ = messages("core")

SCOPES = ("none", "own", "team", "subtree", "all")
_USERS, _TEAMS, _ROLES = User.__table__, Team.__table__, Role.__table__
_MEMBERS, _GRANTS, _HELD = TeamMember.__table__, RoleGrant.__table__, UserRole.__table__
_EVERYTHING = dict.fromkeys(ACTIONS, "all")
# What the four roles of a new installation may do; an administrator changes them as the firm needs.
_BUILTIN: Mapping[str, tuple[dict[str, str], dict[str, str], list[str]]] = {
    "admin": ({"en": "Administrator", "ru": "Администратор"}, _EVERYTHING, ["*"]),
    "head": ({"en": "Head", "ru": "Руководитель"}, _EVERYTHING, ["core.import"]),
    "sales": (
        {"en": "Sales", "ru": "Менеджер по продажам"},
        {"view": "team", "create": "all", "edit": "own", "delete": "own", "export": "own", "assign": "own"},
        ["core.import"],
    ),
    "auditor": ({"en": "Auditor", "ru": "Наблюдатель"}, {"view": "all"}, []),
}


class _UserSchema(Schema):
    login = Text(required=True, validate=validate.Regexp(r"^[\w.@+-]{2,120}$", error="bad login"))
    name = Text(required=True, validate=validate.Length(1, 200))
    email = Text(allow_none=True)
    phone = Text(allow_none=True)
    language = Text(validate=validate.OneOf(list(LANGUAGES)))
    zone = Text(validate=validate.Length(1, 40))
    team_id = Text(allow_none=True)
    is_active = fields.Boolean()
    roles = fields.List(fields.String())


def users(session: Session) -> list[dict[str, Any]]:
    """All users with their team and role keys, by name."""
    found = session.execute(
        select(_USERS, _TEAMS.c.name.label("team"))
        .outerjoin(_TEAMS, _TEAMS.c.id == _USERS.c.team_id)
        .order_by(_USERS.c.is_active.desc(), _USERS.c.name_fold)
    ).mappings()
    held: dict[str, list[str]] = {}
    for user_id, key in session.execute(
        select(_HELD.c.user_id, _ROLES.c.key).join(_ROLES, _ROLES.c.id == _HELD.c.role_id)
    ):
        held.setdefault(user_id, []).append(key)
    return [{**row, "roles": sorted(held.get(row["id"], []))} for row in found]


def user(session: Session, user_id: str) -> dict[str, Any]:
    """One user with team and role keys. Raises ``NotFound``."""
    found = next((row for row in users(session) if row["id"] == user_id), None)
    if found is None:
        raise NotFound
    return found


def create_user(session: Session, data: Mapping[str, Any]) -> str:
    """Make a user who cannot sign in yet (see ``invite``); gives the id. Needs ``core.admin``."""
    _administer(session)
    loaded = _load_user(session, data, None)
    role_keys = loaded.pop("roles", [])
    row = {"id": new_id(), **loaded, "name_fold": fold(loaded["name"])}
    session.execute(insert(_USERS), row)
    _set_roles(session, row["id"], role_keys)
    _join_team(session, row["id"], loaded.get("team_id"))
    _changed(session, "create", "core.user", row["id"], {name: (None, value) for name, value in loaded.items()})
    return str(row["id"])


def update_user(session: Session, user_id: str, data: Mapping[str, Any], *, version: int | None = None) -> None:
    """Change a user; one who is no longer active loses all sessions and tokens at once. Needs ``core.admin``.

    Raises ``Conflict`` for another version, ``Invalid`` when no active administrator would remain.
    """
    _administer(session)
    old = user(session, user_id)
    if version is not None and old["version"] != version:
        raise Conflict(old)
    loaded = _load_user(session, {**{name: old[name] for name in ("login", "name")}, **data}, user_id)
    role_keys = loaded.pop("roles", None)
    values = {**loaded, "name_fold": fold(loaded["name"]), "version": old["version"] + 1}
    session.execute(update(_USERS).where(_USERS.c.id == user_id).values(**values))
    if role_keys is not None:
        _set_roles(session, user_id, role_keys)
    if loaded.get("team_id") != old["team_id"] and "team_id" in loaded:
        _join_team(session, user_id, loaded["team_id"])
    _keep_an_administrator(session)
    if loaded.get("is_active") is False:
        identity.revoke_all(session, user_id, tokens=True)
    pairs: dict[str, Any] = {name: (old[name], value) for name, value in loaded.items() if old[name] != value}
    if role_keys is not None and sorted(role_keys) != old["roles"]:
        pairs["roles"] = (old["roles"], sorted(role_keys))
    _changed(session, "update", "core.user", user_id, pairs)


def invite(session: Session, user_id: str) -> str:
    """The secret of a link by which a user chooses a password. Needs ``core.admin``."""
    _administer(session)
    user(session, user_id)
    identity.note(session, "invited", user_id, None)
    return identity.create_link(session, "invite", user_id)


def teams(session: Session) -> list[dict[str, Any]]:
    """All teams with their depth in the tree and their members, parents before children."""
    rows = [dict(row) for row in session.execute(select(_TEAMS).where(_TEAMS.c.is_active)).mappings()]
    names = {row["id"]: fold(row["name"]) for row in rows}
    members: dict[str, list[dict[str, Any]]] = {}
    statement = select(_MEMBERS.c.team_id, _MEMBERS.c.is_head, _USERS.c.id, _USERS.c.name).join(
        _USERS, _USERS.c.id == _MEMBERS.c.user_id
    )
    for team_id, is_head, user_id, name in session.execute(
        statement.where(_USERS.c.is_active).order_by(_USERS.c.name_fold)
    ):
        members.setdefault(team_id, []).append({"id": user_id, "name": name, "is_head": is_head})
    for row in rows:
        ids = row["path"].strip("/").split("/")
        row.update(depth=len(ids) - 1, members=members.get(row["id"], []), sort=[names.get(key, "") for key in ids])
    return sorted(rows, key=lambda row: row["sort"])


def create_team(session: Session, name: str, parent_id: str | None = None) -> str:
    """Make a team below another one or at the top; gives the id. Needs ``core.admin``."""
    _administer(session)
    team_id = new_id()
    row = {
        "id": team_id,
        "name": _named(name),
        "parent_id": parent_id,
        "path": f"{_path(session, parent_id)}{team_id}/",
    }
    session.execute(insert(_TEAMS), row)
    _changed(session, "create", "core.team", team_id, {"name": (None, row["name"])})
    return team_id


def update_team(
    session: Session,
    team_id: str,
    *,
    name: str,
    parent_id: str | None,
    heads: Sequence[str] = (),
    members: Sequence[str] = (),
) -> None:
    """Rename or move a team and say who belongs to it and who leads it. Needs ``core.admin``.

    Raises ``Invalid`` when the team would stand below itself.
    """
    _administer(session)
    old = session.execute(select(_TEAMS).where(_TEAMS.c.id == team_id)).mappings().one_or_none()
    if old is None:
        raise NotFound
    path = f"{_path(session, parent_id)}{team_id}/"
    if f"/{team_id}/" in path.removesuffix(f"{team_id}/"):
        raise Invalid([Problem(id="core.team_loop", message=_("A team cannot stand below itself."), field="parent_id")])
    moved = func.replace(_TEAMS.c.path, old["path"], path)
    session.execute(update(_TEAMS).where(_TEAMS.c.path.startswith(old["path"], autoescape=True)).values(path=moved))
    session.execute(update(_TEAMS).where(_TEAMS.c.id == team_id).values(name=_named(name), parent_id=parent_id))
    session.execute(delete(_MEMBERS).where(_MEMBERS.c.team_id == team_id))
    rows = [{"team_id": team_id, "user_id": key, "is_head": key in heads} for key in dict.fromkeys([*heads, *members])]
    if rows:
        session.execute(insert(_MEMBERS), rows)
    _changed(
        session,
        "update",
        "core.team",
        team_id,
        {"name": (old["name"], name), "parent_id": (old["parent_id"], parent_id)},
    )


def roles(session: Session) -> list[dict[str, Any]]:
    """All roles with their grants ``{entity: {action: scope}}``."""
    grants: dict[str, dict[str, dict[str, str]]] = {}
    for role_id, entity, action, scope in session.execute(
        select(_GRANTS.c.role_id, _GRANTS.c.entity, _GRANTS.c.action, _GRANTS.c.scope)
    ):
        grants.setdefault(role_id, {}).setdefault(entity, {})[action] = scope
    found = session.execute(select(_ROLES).order_by(_ROLES.c.is_builtin.desc(), _ROLES.c.key)).mappings()
    return [{**row, "grants": grants.get(row["id"], {})} for row in found]


def create_role(session: Session, name: str) -> str:
    """Make a role without any right; gives the id. Needs ``core.admin``."""
    _administer(session)
    role_id = new_id()
    row = {
        "id": role_id,
        "key": f"role-{role_id[-12:]}",
        "name": {"en": _named(name), "ru": _named(name)},
        "permissions": [],
    }
    session.execute(insert(_ROLES), row)
    _changed(session, "create", "core.role", role_id, {"name": (None, name)})
    return role_id


def save_role(
    session: Session,
    role_id: str,
    *,
    grants: Mapping[str, Mapping[str, str]],
    permissions: Sequence[str],
    name: str | None = None,
) -> None:
    """Set the rights of a role; the role of administrators keeps all of them. Needs ``core.admin``."""
    _administer(session)
    old = next((row for row in roles(session) if row["id"] == role_id), None)
    if old is None:
        raise NotFound
    if old["key"] == "admin":
        raise NotAllowed(_("Administrators may do everything; this cannot be changed."))
    rows = [
        {"role_id": role_id, "entity": entity, "action": action, "scope": scope}
        for entity, actions in grants.items()
        for action, scope in actions.items()
        if action in ACTIONS and scope in SCOPES and scope != "none"
    ]
    session.execute(delete(_GRANTS).where(_GRANTS.c.role_id == role_id))
    if rows:
        session.execute(insert(_GRANTS), rows)
    values: dict[str, Any] = {"permissions": sorted(set(permissions) - {"*"})}
    if name:
        values["name"] = dict.fromkeys(LANGUAGES, _named(name))
    session.execute(update(_ROLES).where(_ROLES.c.id == role_id).values(**values))
    _changed(
        session,
        "update",
        "core.role",
        role_id,
        {"grants": (old["grants"], dict(grants)), "permissions": (old["permissions"], values["permissions"])},
    )


def seed_roles(session: Session) -> None:
    """Make the roles of a new installation; those that exist stay as they are."""
    known = set(session.execute(select(_ROLES.c.key)).scalars())
    for key, (name, actions, permissions) in _BUILTIN.items():
        if key in known:
            continue
        role_id = new_id()
        session.execute(
            insert(_ROLES), {"id": role_id, "key": key, "name": name, "permissions": permissions, "is_builtin": True}
        )
        session.execute(
            insert(_GRANTS), [{"role_id": role_id, "entity": "*", "action": a, "scope": s} for a, s in actions.items()]
        )
    bump_access(session)


def _administer(session: Session) -> None:
    if not actor_of(session).may("core.admin"):
        raise NotAllowed


def _load_user(session: Session, data: Mapping[str, Any], user_id: str | None) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = _UserSchema(unknown=RAISE).load(data)
    except ValidationError as error:
        raise Invalid(problems_of(error.messages_dict)) from error
    loaded["login"] = loaded["login"].lower()
    problems = []
    for name, normal, message in (
        ("email", normal_email, _("This is not an e-mail address.")),
        ("phone", normal_phone, _("This is not a phone number.")),
        ("team_id", uuid_text, _("There is no such record.")),
    ):
        if loaded.get(name):
            loaded[name] = normal(loaded[name])
            if loaded[name] is None:
                problems.append(Problem(id="core.bad_value", message=message, field=name))
    taken = select(_USERS.c.id).where(_USERS.c.login == loaded["login"])
    if session.execute(taken if user_id is None else taken.where(_USERS.c.id != user_id)).first() is not None:
        problems.append(Problem(id="core.login_taken", message=_("This login is taken."), field="login"))
    if problems:
        raise Invalid(problems)
    return loaded


def _set_roles(session: Session, user_id: str, keys: Sequence[str]) -> None:
    known = {key: role_id for role_id, key in session.execute(select(_ROLES.c.id, _ROLES.c.key))}
    unknown = [key for key in keys if key not in known]
    if unknown:
        raise Invalid([Problem(id="core.no_such_role", message=_("There is no such role."), field="roles")])
    session.execute(delete(_HELD).where(_HELD.c.user_id == user_id))
    if keys:
        session.execute(insert(_HELD), [{"user_id": user_id, "role_id": known[key]} for key in dict.fromkeys(keys)])


def _join_team(session: Session, user_id: str, team_id: str | None) -> None:
    if team_id is None:
        return
    known = session.execute(
        select(_MEMBERS.c.user_id).where(_MEMBERS.c.user_id == user_id, _MEMBERS.c.team_id == team_id)
    ).first()
    if known is None:
        session.execute(insert(_MEMBERS), {"team_id": team_id, "user_id": user_id, "is_head": False})


def _keep_an_administrator(session: Session) -> None:
    statement = (
        select(func.count())
        .select_from(_HELD)
        .join(_ROLES, _ROLES.c.id == _HELD.c.role_id)
        .join(_USERS, _USERS.c.id == _HELD.c.user_id)
        .where(_ROLES.c.key == "admin", _USERS.c.is_active)
    )
    if not session.execute(statement).scalar_one():
        message = _("Somebody has to administer the program: this is the last administrator.")
        raise Invalid([Problem(id="core.last_admin", message=message, field="roles")])


def _path(session: Session, parent_id: str | None) -> str:
    if parent_id is None:
        return "/"
    path = session.execute(select(_TEAMS.c.path).where(_TEAMS.c.id == parent_id)).scalar()
    if path is None:
        raise Invalid([Problem(id="core.no_such_record", message=_("There is no such record."), field="parent_id")])
    return str(path)


def _named(name: str) -> str:
    text = name.strip()[:200]
    if not text or "\x00" in text:
        raise Invalid([Problem(id="core.no_name", message=_("This is needed."), field="name")])
    return text


def _changed(session: Session, action: str, entity: str, record_id: str, changes: Mapping[str, Any]) -> None:
    bump_access(session)
    trail.audit(session, action, entity, {record_id: changes})
    identity.note(
        session,
        f"{entity.partition('.')[2]}_{action}d",
        record_id if entity == "core.user" else None,
        None,
        by=actor_of(session).id,
    )
