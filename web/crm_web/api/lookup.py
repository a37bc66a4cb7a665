"""Operations across all kinds of records: search, likely duplicates, the people and teams to choose from."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy import select

from crm_core.entity.descriptor import Entity
from crm_core.errors import Invalid, Problem
from crm_core.model import Team, User
from crm_core.runtime import Crm
from crm_core.service import match, search
from crm_core.text import Msg, messages
from crm_web.api.body import check_members, read_object, take
from crm_web.api.caller import reading
from crm_web.api.output import answer
from crm_web.api.problem import caller_language

__all__ = ["find_records", "find_similar", "list_teams", "list_users"]

_ = messages("web")

MAX_HITS = 50
_HITS = 20


def find_records(crm: Crm) -> Response:
    """The records of all kinds that a text finds, the best first."""
    with reading(crm) as session:
        text = request.args.get("q", "").strip()
        if not text:
            raise _refused("q", _("Say what to look for."))
        entities = [name for name in request.args.get("entity", "").split(",") if name]
        if not set(entities) <= crm.entities.keys():
            raise _refused("entity", _("There is no such kind of record."))
        hits = search.find(session, text[:200], entities=entities, limit=_limit())
    return answer({"items": hits})


def find_similar(crm: Crm) -> Response:
    """The records that a draft may repeat; nothing is written."""
    with reading(crm) as session:
        body = read_object()
        check_members(body, {"entity", "draft"})
        entity = _entity(crm, take(body, "entity", str))
        hits = match.similar(session, entity, take(body, "draft", dict))
    language = caller_language(crm)
    return answer({"items": [_hit(crm, hit, language) for hit in hits]})


def list_users(crm: Crm) -> Response:
    """The active people of the staff, by name."""
    users = User.__table__
    with reading(crm) as session:
        columns = (users.c.id, users.c.name, users.c.email, users.c.team_id)
        rows = session.execute(select(*columns).where(users.c.is_active).order_by(users.c.name_fold, users.c.id))
        return answer({"items": [dict(row._mapping) for row in rows], "next": None})


def list_teams(crm: Crm) -> Response:
    """The active teams with their place in the tree, by name."""
    teams = Team.__table__
    with reading(crm) as session:
        columns = (teams.c.id, teams.c.name, teams.c.parent_id)
        rows = session.execute(select(*columns).where(teams.c.is_active).order_by(teams.c.name, teams.c.id))
        return answer({"items": [dict(row._mapping) for row in rows], "next": None})


def _hit(crm: Crm, hit: dict[str, Any], language: str) -> dict[str, Any]:
    return {name: crm.translate(value, language) if isinstance(value, Msg) else value for name, value in hit.items()}


def _entity(crm: Crm, name: str) -> Entity:
    found = crm.entities.get(name)
    if found is None:
        raise _refused("entity", _("There is no such kind of record."))
    return found


def _limit() -> int:
    text = request.args.get("limit", str(_HITS))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MAX_HITS):
        raise _refused("limit", _("Give a number from 1 to %(most)s.", most=MAX_HITS))
    return int(text)


def _refused(name: str, message: Msg) -> Invalid:
    return Invalid([Problem(id="core.bad_parameter", message=message, field=name)])
