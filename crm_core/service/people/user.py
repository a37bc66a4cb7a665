"""Users: who they are, their team and roles, and whether they may still come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from crm_core.db.base import new_id
from crm_core.entity.identifier import uuid_text
from crm_core.entity.schema import Text
from crm_core.errors import Conflict, Invalid, NotFound, Problem
from crm_core.model import Role, Team, TeamMember, User, UserRole
from crm_core.service import identity
from crm_core.service.intake import load, zone
from crm_core.service.people.change import begin_change, changed
from crm_core.text import fold, messages
from crm_core.translation import LANGUAGES

__all__ = ["create_user", "invite", "reset_link", "update_user", "user", "users"]

_ = messages("core")

_USERS, _TEAMS, _ROLES = User.__table__, Team.__table__, Role.__table__
_MEMBERS, _HELD = TeamMember.__table__, UserRole.__table__


def _login(text: str) -> None:
    if not identity.LOGIN.fullmatch(text):
        raise ValidationError([_("A login has two to 120 characters: letters, digits and . @ + - _")])


class _UserSchema(Schema):
    login = Text(required=True, validate=_login)
    name = Text(required=True, validate=validate.Length(max=200))
    email = Text(allow_none=True)
    phone = Text(allow_none=True)
    language = Text(validate=validate.OneOf(list(LANGUAGES)))
    zone = Text(validate=zone)
    team_id = Text(allow_none=True)
    is_active = fields.Boolean()
    roles = fields.List(fields.String())


_SCHEMA = _UserSchema(unknown=RAISE)


def users(session: Session) -> list[dict[str, Any]]:
    """All users with their team and role keys: active ones first, by name."""
    return _select(session)


def user(session: Session, user_id: str) -> dict[str, Any]:
    """One user with team and role keys. Raises ``NotFound``."""
    key = uuid_text(user_id)
    found = _select(session, key) if key else []
    if not found:
        raise NotFound
    return found[0]


def create_user(session: Session, data: Mapping[str, Any]) -> str:
    """Make a user who cannot sign in yet (see ``invite``); gives the id. Needs ``core.admin``; raises ``Invalid``."""
    begin_change(session)
    loaded = load(_SCHEMA, data)
    role_keys = loaded.pop("roles", [])
    _check(session, loaded, None)
    row = {"id": new_id(), **loaded, "name_fold": fold(loaded["name"])}
    session.execute(insert(_USERS), row)
    _set_roles(session, row["id"], role_keys)
    _change_team(session, row["id"], None, loaded.get("team_id"))
    values = {**loaded, "roles": sorted(role_keys)}
    changed(session, "create", "core.user", row["id"], {name: (None, value) for name, value in values.items()})
    return str(row["id"])


def update_user(session: Session, user_id: str, data: Mapping[str, Any], *, version: int | None = None) -> None:
    """Change a user; one who is no longer active loses all sessions and tokens at once. Needs ``core.admin``.

    Who changes the primary team leaves the old one. Raises ``Conflict`` for another version, ``Invalid`` also when no
    active administrator would remain.
    """
    begin_change(session)
    old = user(session, user_id)
    if version is not None and old["version"] != version:
        raise Conflict(old)
    loaded = load(_SCHEMA, data, partial=True)
    values = {name: value for name, value in loaded.items() if name != "roles"}
    _check(session, values, old["id"])
    if "name" in values:
        values["name_fold"] = fold(values["name"])
    session.execute(update(_USERS).where(_USERS.c.id == old["id"]).values(**values, version=old["version"] + 1))
    if "roles" in loaded:
        loaded["roles"] = sorted(set(loaded["roles"]))
        _set_roles(session, old["id"], loaded["roles"])
    _change_team(session, old["id"], old["team_id"], loaded.get("team_id", old["team_id"]))
    if old["is_active"] and "admin" in old["roles"]:
        _keep_an_administrator(session)
    if loaded.get("is_active") is False:
        identity.revoke_all(session, old["id"], tokens=True)
    pairs = {name: (old[name], value) for name, value in loaded.items() if old[name] != value}
    changed(session, "update", "core.user", old["id"], pairs)


def invite(session: Session, user_id: str) -> str:
    """The secret of a link by which a user chooses the first password. Needs ``core.admin``."""
    return _link(session, "invite", user_id)


def reset_link(session: Session, user_id: str) -> str:
    """The secret of a short-lived link for a new password; the old one goes on working until then."""
    return _link(session, "reset", user_id)


def _link(session: Session, kind: str, user_id: str) -> str:
    begin_change(session)
    found = user(session, user_id)
    if not found["is_active"]:
        message = _("This user is not active.")
        raise Invalid([Problem(id="core.not_active", message=message, field="is_active")])
    changed(session, f"{kind}_link", "core.user", found["id"], {})
    return identity.create_link(session, kind, found["id"])


def _select(session: Session, user_id: str | None = None) -> list[dict[str, Any]]:
    statement = select(_USERS, _TEAMS.c.name.label("team")).outerjoin(_TEAMS, _TEAMS.c.id == _USERS.c.team_id)
    held = select(_HELD.c.user_id, _ROLES.c.key).join(_ROLES, _ROLES.c.id == _HELD.c.role_id)
    if user_id is not None:
        statement, held = statement.where(_USERS.c.id == user_id), held.where(_HELD.c.user_id == user_id)
    keys: dict[str, list[str]] = {}
    for holder, key in session.execute(held):
        keys.setdefault(holder, []).append(key)
    found = session.execute(statement.order_by(_USERS.c.is_active.desc(), _USERS.c.name_fold, _USERS.c.id)).mappings()
    return [{**row, "roles": sorted(keys.get(row["id"], []))} for row in found]


def _check(session: Session, values: dict[str, Any], user_id: str | None) -> None:
    """Logins are lower-case and unique; a team must be there."""
    problems = []
    if "login" in values:
        values["login"] = values["login"].lower()
        taken = select(_USERS.c.id).where(_USERS.c.login == values["login"])
        if session.execute(taken).scalar() not in (None, user_id):
            problems.append(Problem(id="core.login_taken", message=_("This login is taken."), field="login"))
    if values.get("team_id"):
        known = select(_TEAMS.c.id).where(_TEAMS.c.id == values["team_id"], _TEAMS.c.is_active)
        if session.execute(known).first() is None:
            message = _("There is no such record.")
            problems.append(Problem(id="core.no_such_record", message=message, field="team_id"))
    if problems:
        raise Invalid(problems)


def _set_roles(session: Session, user_id: str, keys: Sequence[str]) -> None:
    known = {key: role_id for role_id, key in session.execute(select(_ROLES.c.id, _ROLES.c.key))}
    if not known.keys() >= set(keys):
        raise Invalid([Problem(id="core.no_such_role", message=_("There is no such role."), field="roles")])
    session.execute(delete(_HELD).where(_HELD.c.user_id == user_id))
    if keys:
        session.execute(insert(_HELD), [{"user_id": user_id, "role_id": known[key]} for key in dict.fromkeys(keys)])


def _change_team(session: Session, user_id: str, old: str | None, new: str | None) -> None:
    if old == new:
        return
    mine = _MEMBERS.c.user_id == user_id
    session.execute(delete(_MEMBERS).where(mine, _MEMBERS.c.team_id == old))
    if new and session.execute(select(_MEMBERS.c.user_id).where(mine, _MEMBERS.c.team_id == new)).first() is None:
        session.execute(insert(_MEMBERS), {"team_id": new, "user_id": user_id, "is_head": False})


def _keep_an_administrator(session: Session) -> None:
    joined = _HELD.join(_ROLES, _ROLES.c.id == _HELD.c.role_id).join(_USERS, _USERS.c.id == _HELD.c.user_id)
    statement = select(func.count()).select_from(joined).where(_ROLES.c.key == "admin", _USERS.c.is_active)
    if not session.execute(statement).scalar_one():
        message = _("Somebody has to administer the program: this is the last administrator.")
        raise Invalid([Problem(id="core.last_admin", message=message, field="roles")])
