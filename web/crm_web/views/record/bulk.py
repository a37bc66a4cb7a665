"""One action for many records: those that are ticked, or all that the filter of the list finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from flask import Response, g, request
from sqlalchemy.orm import Session

from crm_core.entity.descriptor import Entity, Field
from crm_core.entity.query import matching_ids
from crm_core.entity.trash import trash
from crm_core.entity.view import parse_view
from crm_core.errors import Invalid, NotFound, Problem
from crm_core.plugin.contributions import RecordAction
from crm_core.service.bulk import AT_ONCE, ask_bulk, change_at_once
from crm_core.service.transfer.job import undo_at_once
from crm_core.text import messages
from crm_web.context import render
from crm_web.current import say
from crm_web.links import base_of, find_url
from crm_web.submission import lead_to, submit
from crm_web.toast import toast
from crm_web.views.record.column import choice_labels, described
from crm_web.views.record.values import typed

__all__ = ["MOST", "act", "ask", "bulk_actions", "undo"]

_ = messages("web")

MOST = 10_000
_NOT_SET = frozenset({"longtext", "localised"})


def bulk_actions(entity: Entity) -> list[dict[str, Any]]:
    """The buttons of the bar under a selection that the reader may use."""
    may, base = g.actor.may, base_of(entity)
    offered = [
        ("assign", _("Assign"), "user-share", may(f"{entity.id}.assign")),
        ("set", _("Set a field"), "pencil", may(f"{entity.id}.edit")),
        ("tag", _("Add a tag"), "tag", may(f"{entity.id}.edit") and entity.part("tags") is not None),
        ("trash", _("To the trash"), "trash", may(f"{entity.id}.delete")),
    ]
    own = [
        {"label": say(action.label), "icon": action.icon, "url": action.path}
        for action in g.crm.all(RecordAction)
        if action.entity == entity.id and action.bulk and (action.permission is None or may(action.permission))
    ]
    return [{"label": say(t), "icon": i, "url": f"{base}/bulk/{n}"} for n, t, i, yes in offered if yes] + own


def ask(entity: Entity, action: str) -> str:
    """The dialog of an action: what it needs to know, and how many records it is about."""
    if action not in _RIGHTS:
        raise NotFound
    name = request.args.get("_field", "")
    with g.crm.reading(g.actor) as session:
        number = len(_chosen(session, entity, request.args, action))
    return _dialog(entity, action, number, request.args, name=name)


def act(entity: Entity, action: str) -> Response:
    """Does the action at once, all or nothing, and leads back to the list; very many lead to the progress of a job."""
    if action not in _RIGHTS:
        raise NotFound

    def work(session: Session) -> Response:
        ids = _chosen(session, entity, request.form, action)
        if action == "trash":
            _trash(session, entity, ids)
        elif batch := _change(session, entity, ids, _CHANGES[action](entity)):
            return lead_to(f"/imports/{batch}")
        return lead_to(_back(entity))

    try:
        return submit(work)
    except Invalid as error:
        texts = [say(problem.message) for problem in error.problems]
        return Response(
            _dialog(entity, action, 0, request.form, name=request.form.get("_field", ""), errors=texts), 422
        )


def undo(entity: Entity, batch: str) -> Response:
    """Takes a change of many records back; what somebody changed since stays as it is."""

    def work(session: Session) -> Response:
        counts = undo_at_once(session, batch)
        toast(_.plural("%(n)s record is as it was", "%(n)s records are as they were", counts["restored"]))
        if counts["kept"]:
            toast(_.plural("%(n)s was changed since and stays", "%(n)s were changed since and stay", counts["kept"]))
        return lead_to(base_of(entity))

    return submit(work)


def _dialog(entity: Entity, action: str, number: int, given: Any, *, name: str = "", errors: Sequence[str] = ()) -> str:
    return render(
        "record/bulk.html",
        entity=entity,
        base=base_of(entity),
        action=action,
        number=number,
        ids=given.getlist("ids") if not given.get("all") else [],
        filter=given.get("filter", ""),
        everything=given.get("all", ""),
        fields=_settable(entity),
        field=_field_view(entity, name) if name else None,
        name=name,
        errors=[("", text) for text in errors],
        owner_url=find_url("core.user"),
    )


def _chosen(session: Session, entity: Entity, given: Any, action: str) -> list[str]:
    """The ids that a selection stands for. Raises ``Invalid`` for none and for too many."""
    if given.get("all"):
        view = parse_view(entity, parse_qsl(given.get("filter", "")))
        ids = matching_ids(session, entity, view, MOST + 1, _RIGHTS[action])
    else:
        ids = list(dict.fromkeys(given.getlist("ids")))
    if not ids:
        raise _refused(_("Nothing is selected."))
    if len(ids) > MOST:
        raise _refused(_("At most %(most)s records can be changed at once. Narrow the filter.", most=MOST))
    return ids


def _refused(message: Any) -> Invalid:
    return Invalid([Problem(id="web.selection", message=message)])


def _change(session: Session, entity: Entity, ids: Sequence[str], change: Mapping[str, Any]) -> str | None:
    """Change the records; gives the batch whose progress is to be shown when that happens in the background."""
    reason = request.form.get("reason") or None
    if len(ids) > AT_ONCE:
        return ask_bulk(session, entity.id, change, ids=ids, reason=reason)
    batch = change_at_once(session, entity.id, change, ids, reason=reason)
    undo_url = f"{base_of(entity)}/undo/{batch}"
    toast(_.plural("%(n)s record was changed", "%(n)s records were changed", len(ids)), undo=undo_url)
    return None


def _new_owner(_entity: Entity) -> dict[str, Any]:
    return {"owner_id": request.form.get("owner_id") or None}


def _new_value(entity: Entity) -> dict[str, Any]:
    name = request.form.get("_field", "")
    if name not in {field.name for field in _settable_fields(entity)}:
        raise NotFound
    return {name: typed(entity, described(entity, name), request.form.get(name, ""), g.actor.zone)}


def _new_tags(_entity: Entity) -> dict[str, Any]:
    names = [name.strip() for name in request.form.get("tags", "").split(",") if name.strip()]
    if not names:
        raise _refused(_("Name at least one tag."))
    return {"tags": names}


def _trash(session: Session, entity: Entity, ids: Sequence[str]) -> None:
    mark = trash(session, entity, ids)
    message = _.plural("%(n)s record is in the trash", "%(n)s records are in the trash", len(ids))
    toast(message, undo=f"{base_of(entity)}/restore/{mark}")


_CHANGES = {"assign": _new_owner, "set": _new_value, "tag": _new_tags}
_RIGHTS: Mapping[str, str] = {"assign": "assign", "set": "edit", "tag": "edit", "trash": "delete"}


def _back(entity: Entity) -> str:
    """The list as it was, when the selection came from a filter."""
    query = request.form.get("filter", "")
    return f"{base_of(entity)}?{query}" if query else base_of(entity)


def _settable_fields(entity: Entity) -> list[Field]:
    return [field for field in entity.fields if field.editable and entity.kind_of(field) not in _NOT_SET]


def _settable(entity: Entity) -> list[tuple[str, str]]:
    return [(field.name, say(field.label)) for field in _settable_fields(entity)]


def _field_view(entity: Entity, name: str) -> dict[str, Any]:
    found = described(entity, name)
    kind = entity.kind_of(found)
    view: dict[str, Any] = {"name": name, "label": say(found.label), "kind": kind, "value": ""}
    if kind == "choice":
        view["choices"] = [(code, label) for code, (label, _colour) in choice_labels(found).items()]
    if kind == "ref" and found.ref:
        view.update(url=find_url(found.ref), display="")
    return view
