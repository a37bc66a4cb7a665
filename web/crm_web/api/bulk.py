"""One change for many records: named by their ids, or by the same filter that a list takes."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from crm_core.entity.descriptor import Entity
from crm_core.entity.identifier import uuid_text
from crm_core.entity.query import matching_ids
from crm_core.entity.schema import load_input
from crm_core.entity.view import parse_view
from crm_core.entity.write import update
from crm_core.errors import Invalid, Problem
from crm_core.runtime import Crm
from crm_core.text import Msg, messages
from crm_web.api.body import check_members, read_object, take
from crm_web.api.caller import writing
from crm_web.api.once import once
from crm_web.api.output import answer

__all__ = ["MAX_RECORDS", "change_many"]

_ = messages("web")

MAX_RECORDS = 10_000
_ASSIGNED = frozenset({"owner_id", "team_id"})


def change_many(crm: Crm, entity: Entity) -> Response:
    """Sets the same fields of all named records in one transaction: all of them change, or none does."""
    with writing(crm) as session:

        def write() -> Response:
            body = read_object()
            check_members(body, {"ids", "filter", "set", "reason"})
            change = load_input(session, entity, take(body, "set", dict), partial=True)
            if not change:
                raise _refused("set", _("Name at least one field to set."))
            ids = _chosen(session, entity, body, "assign" if change.keys() <= _ASSIGNED else "edit")
            update(session, entity, dict.fromkeys(ids, change), reason=_reason(body))
            return answer({"updated": len(ids)})

        return once(session, write)


def _chosen(session: Session, entity: Entity, body: dict[str, Any], action: str) -> list[str]:
    if ("ids" in body) == ("filter" in body):
        raise _refused("ids", _("Name the records either by “ids” or by “filter”."))
    if "filter" in body:
        return _by_filter(session, entity, take(body, "filter", dict), action)
    ids = [uuid_text(value) if isinstance(value, str) else None for value in take(body, "ids", list)]
    found = [value for value in ids if value is not None]
    if len(found) < len(ids):
        raise _refused("ids", _("These must be ids of records."))
    return _few_enough("ids", list(dict.fromkeys(found)))


def _by_filter(session: Session, entity: Entity, given: dict[str, Any], action: str) -> list[str]:
    pairs = [(name, value) for name, value in given.items() if isinstance(value, str)]
    if len(pairs) < len(given):
        raise _refused("filter", _("Give the values as they stand in the address of a list: as text."))
    view = parse_view(entity, pairs)
    if not view.filters and not view.q:
        raise _refused("filter", _("A filter without conditions would mean every record."))
    return _few_enough("filter", matching_ids(session, entity, view, MAX_RECORDS + 1, action))


def _few_enough(name: str, ids: list[str]) -> list[str]:
    if len(ids) > MAX_RECORDS:
        raise _refused(name, _("One request changes at most %(most)s records.", most=MAX_RECORDS))
    return ids


def _reason(body: dict[str, Any]) -> str | None:
    return take(body, "reason", str)[:500] if body.get("reason") is not None else None


def _refused(name: str, message: Msg) -> Invalid:
    return Invalid([Problem(id="core.bad_value", message=message, field=name)])
