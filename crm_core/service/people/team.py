"""Teams: a tree of names, who belongs to each, and who leads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from crm_core.db.base import new_id
from crm_core.entity.identifier import uuid_text
from crm_core.errors import Invalid, NotFound, Problem
from crm_core.model import Team, TeamMember, User
from crm_core.service.people.change import begin_change, changed, named
from crm_core.text import fold, messages

__all__ = ["close_team", "create_team", "team", "teams", "update_team"]

_ = messages("core")

_USERS, _TEAMS, _MEMBERS = User.__table__, Team.__table__, TeamMember.__table__


def teams(session: Session) -> list[dict[str, Any]]:
    """All teams with their ``depth`` in the tree and their ``members`` (id, name, is_head), parents before children."""
    rows = [dict(row) for row in session.execute(select(_TEAMS).where(_TEAMS.c.is_active)).mappings()]
    names = {row["id"]: fold(row["name"]) for row in rows}
    members = _members(session)
    for row in rows:
        ids = row["path"].strip("/").split("/")
        row["depth"], row["members"] = len(ids) - 1, members.get(row["id"], [])
        row["sort"] = [(names.get(key, ""), key) for key in ids]
    return sorted(rows, key=lambda row: row.pop("sort"))


def team(session: Session, team_id: str) -> dict[str, Any]:
    """One team with its members. Raises ``NotFound``."""
    key = uuid_text(team_id)
    statement = select(_TEAMS).where(_TEAMS.c.id == key, _TEAMS.c.is_active)
    row = session.execute(statement).mappings().one_or_none() if key else None
    if row is None:
        raise NotFound
    return {**row, "members": _members(session, key).get(str(key), [])}


def create_team(session: Session, name: str, parent_id: str | None = None) -> str:
    """Make a team below another one or at the top; gives the id. Needs ``core.admin``; raises ``Invalid``."""
    begin_change(session)
    team_id = new_id()
    path = f"{_path(session, parent_id)}{team_id}/"
    row = {"id": team_id, "name": named(name), "parent_id": parent_id, "path": path}
    session.execute(insert(_TEAMS), row)
    changed(session, "create", "core.team", team_id, {"name": (None, row["name"]), "parent_id": (None, parent_id)})
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

    The team becomes the primary one of members who have none, and is no longer that of people who leave it.
    Raises ``Invalid`` when the team would stand below itself.
    """
    begin_change(session)
    old = team(session, team_id)
    above = _path(session, parent_id)
    if old["id"] in above.split("/"):
        raise Invalid([Problem(id="core.team_loop", message=_("A team cannot stand below itself."), field="parent_id")])
    moved = func.replace(_TEAMS.c.path, old["path"], f"{above}{old['id']}/")
    session.execute(update(_TEAMS).where(_TEAMS.c.path.startswith(old["path"], autoescape=True)).values(path=moved))
    label = named(name)
    session.execute(update(_TEAMS).where(_TEAMS.c.id == old["id"]).values(name=label, parent_id=parent_id))
    before = {row["id"]: row["is_head"] for row in old["members"]}
    after = {key: key in heads for key in _known_users(session, [*heads, *members])}
    _set_members(session, old["id"], after)
    pairs = {"name": (old["name"], label), "parent_id": (old["parent_id"], parent_id), "members": (before, after)}
    changes = {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}
    changed(session, "update", "core.team", old["id"], changes)


def close_team(session: Session, team_id: str) -> None:
    """Take a team out of use; its records keep their history. Needs ``core.admin``.

    Raises ``Invalid`` while people or other teams belong to it.
    """
    begin_change(session)
    old = team(session, team_id)
    below = select(_TEAMS.c.id).where(_TEAMS.c.parent_id == old["id"], _TEAMS.c.is_active)
    if old["members"] or session.execute(below).first() is not None:
        message = _("People or teams still belong to this team; move them first.")
        raise Invalid([Problem(id="core.team_in_use", message=message)])
    session.execute(update(_TEAMS).where(_TEAMS.c.id == old["id"]).values(is_active=False))
    changed(session, "close", "core.team", old["id"], {"is_active": (True, False)})


def _members(session: Session, team_id: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """The active members of each team, heads first."""
    statement = select(_MEMBERS.c.team_id, _MEMBERS.c.is_head, _USERS.c.id, _USERS.c.name).join(
        _USERS, _USERS.c.id == _MEMBERS.c.user_id
    )
    if team_id is not None:
        statement = statement.where(_MEMBERS.c.team_id == team_id)
    found: dict[str, list[dict[str, Any]]] = {}
    for owner, is_head, user_id, name in session.execute(
        statement.where(_USERS.c.is_active).order_by(_MEMBERS.c.is_head.desc(), _USERS.c.name_fold, _USERS.c.id)
    ):
        found.setdefault(owner, []).append({"id": user_id, "name": name, "is_head": is_head})
    return found


def _set_members(session: Session, team_id: str, members: dict[str, bool]) -> None:
    mine = _USERS.c.team_id == team_id
    gone = or_(_USERS.c.id.not_in(list(members)), ~_USERS.c.is_active) if members else mine
    session.execute(delete(_MEMBERS).where(_MEMBERS.c.team_id == team_id))
    session.execute(update(_USERS).where(mine, gone).values(team_id=None))
    if members:
        rows = [{"team_id": team_id, "user_id": key, "is_head": is_head} for key, is_head in members.items()]
        session.execute(insert(_MEMBERS), rows)
        newcomers = _USERS.c.id.in_(list(members)) & _USERS.c.team_id.is_(None)
        session.execute(update(_USERS).where(newcomers).values(team_id=team_id))


def _known_users(session: Session, keys: Sequence[str]) -> list[str]:
    wanted = list(dict.fromkeys(keys))
    valid = [key for key in wanted if uuid_text(key) == key]
    known = set(session.execute(select(_USERS.c.id).where(_USERS.c.id.in_(valid), _USERS.c.is_active)).scalars())
    if known != set(wanted):
        message = _("There is no such record.")
        raise Invalid([Problem(id="core.no_such_record", message=message, field="members")])
    return wanted


def _path(session: Session, parent_id: str | None) -> str:
    if parent_id is None:
        return "/"
    try:
        return str(team(session, parent_id)["path"])
    except NotFound:
        message = _("There is no such record.")
        raise Invalid([Problem(id="core.no_such_record", message=message, field="parent_id")]) from None
