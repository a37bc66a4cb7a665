"""Two people edited one record: both values of each field, and a choice; nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, g, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from crm_core.entity.descriptor import Entity
from crm_core.entity.record import whole
from crm_core.model import User
from crm_core.text import messages
from crm_web.context import render
from crm_web.current import say
from crm_web.links import base_of
from crm_web.views.record.column import choice_labels
from crm_web.views.record.draft import Draft, draft_of_record, slots_of
from crm_web.views.record.reference import name_accounts

__all__ = ["settle", "show_conflict"]

_ = messages("web")
_CHOICE = "choice."


def settle(entity: Entity, draft: Draft, form: MultiDict[str, str]) -> Draft:
    """The draft without the fields for which the stored value was chosen."""
    dropped = {name.removeprefix(_CHOICE) for name in form if name.startswith(_CHOICE) and form[name] == "theirs"}
    for name in dropped:
        draft.texts.pop(name, None)
        draft.parts.pop(name, None)
    return draft


def show_conflict(entity: Entity, record_id: str, draft: Draft, was: Mapping[str, Any]) -> Response:
    """The page that shows, for each field changed here, both values."""
    with g.crm.reading(g.actor) as session:
        record = name_accounts(session, entity, whole(session, entity, record_id, action="edit"))
        who = _last_editor(session, entity, record_id)
    stored = draft_of_record(g.crm, entity, record, g.actor.zone)
    path = f"{base_of(entity)}/{record_id}"
    names = draft.changed(was) & {*draft.texts, *draft.parts}
    carried = [(n, v) for n, v in request.form.items(multi=True) if n == "back" or _belongs(n, names)]
    page = render(
        "record/conflict.html",
        action=f"{path}/edit",
        clashes=_clashes(entity, draft, stored, names, was),
        carried=[*carried, ("was", orjson.dumps(stored.snapshot()).decode())],
        version=record["version"],
        who=who,
        cancel_url=path,
        crumbs=[(say(entity.plural), base_of(entity)), (str(record.get(entity.title) or ""), path)],
    )
    return Response(page, 409)


def _belongs(control: str, names: set[str]) -> bool:
    """Whether a control of the form is one of the named fields: what was not changed here is not sent again."""
    own = control.removeprefix("shown.").removesuffix("_text")
    return own in names or own.partition(".")[0] in names


def _last_editor(session: Session, entity: Entity, record_id: str) -> str | None:
    table, users = entity.table, User.__table__
    statement = select(users.c.name).join(table, table.c.updated_by == users.c.id).where(table.c.id == record_id)
    name: str | None = session.scalar(statement)
    return name


def _clashes(
    entity: Entity, mine: Draft, stored: Draft, names: set[str], was: Mapping[str, Any]
) -> list[dict[str, Any]]:
    labels = {slot.name: slot.field.label for slot in slots_of(g.crm, entity)}
    labels.update({part.name: part.label for part in entity.parts})
    now, then = mine.snapshot(), stored.snapshot()
    return [
        {
            "name": name,
            "label": say(label),
            "mine": _words(entity, mine, name),
            "theirs": _words(entity, stored, name),
            "prefer_theirs": False,
        }
        for name, label in labels.items()
        if name in names and now[name] != then.get(name)
    ]


def _words(entity: Entity, draft: Draft, name: str) -> str:
    """One field of a draft as people read it."""
    if name in draft.parts:
        return "\n".join(_item(item) for item in draft.parts[name])
    text = draft.texts.get(name)
    if isinstance(text, bool):
        return say(_("yes") if text else _("no"))
    found = entity.field(name)
    if found is not None and found.choices:
        return choice_labels(found).get(str(text), (str(text or ""), ""))[0]
    return str(draft.labels.get(name) or text or "")


def _item(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    return ", ".join(
        str(v) for key, v in item.items() if v and not isinstance(v, bool) and not key.endswith("_id") and key != "kind"
    )
