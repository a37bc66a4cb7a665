"""Roles: what their holders may do with which records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from crm_core.access.principal import ACTIONS
from crm_core.errors import Invalid
from crm_core.service import people
from crm_core.text import messages
from crm_web.context import render
from crm_web.current import actor, crm, say
from crm_web.policy import require
from crm_web.submission import lead_to, submit
from crm_web.toast import toast
from crm_web.views.people.words import ACTION_LABELS, SCOPE_LABELS, permissions, role_name, tabs
from crm_web.views.record.form import error_lines, errors_by_field

__all__ = ["blueprint"]

_ = messages("web")
blueprint = Blueprint("roles", __name__, url_prefix="/users/roles")
admin = require("core.admin")


@blueprint.get("")
@admin
def show() -> str:
    """All roles and how many people have each."""
    with crm().reading(actor()) as session:
        roles = [{**role, "label": role_name(role)} for role in people.roles(session)]
    return render("people/roles.html", tabs=tabs("/users/roles"), roles=roles, error=None, name="")


@blueprint.post("")
@admin
def create() -> ResponseReturnValue:
    """Makes a role without rights and opens it."""

    def work(session: Session) -> Response:
        return lead_to(f"/users/roles/{people.create_role(session, request.form.get('name', ''))}")

    try:
        return submit(work)
    except Invalid as refused:
        with crm().reading(actor()) as session:
            roles = [{**role, "label": role_name(role)} for role in people.roles(session)]
        error = say(refused.message)
        return Response(render("people/roles.html", tabs=tabs("/users/roles"), roles=roles, error=error, name=""), 422)


@blueprint.get("/<role_id>")
@admin
def edit(role_id: str) -> str:
    """The rights of a role."""
    with crm().reading(actor()) as session:
        role = people.role(session, role_id)
    return _form({**role, "label": role_name(role)}, {})


@blueprint.post("/<role_id>")
@admin
def save(role_id: str) -> ResponseReturnValue:
    """Sets the rights; they hold from the next request of everybody who has the role."""
    grants, given = _grants(), request.form.getlist("permissions")
    name = request.form.get("name")

    def work(session: Session) -> Response:
        people.save_role(session, role_id, grants=grants, permissions=given, name=name)
        toast(_("The role “%(name)s” is saved", name=role_name(people.role(session, role_id))))
        return lead_to("/users/roles")

    try:
        return submit(work)
    except Invalid as refused:
        with crm().reading(actor()) as session:
            role = people.role(session, role_id)
        values = {**role, "label": name or role_name(role), "grants": grants, "permissions": given}
        return Response(_form(values, errors_by_field(refused.problems)), 422)


@blueprint.post("/<role_id>/delete")
@admin
def delete(role_id: str) -> ResponseReturnValue:
    """Removes a role that the firm made."""

    def work(session: Session) -> Response:
        people.delete_role(session, role_id)
        toast(_("The role is gone"))
        return lead_to("/users/roles")

    return submit(work)


def _grants() -> dict[str, dict[str, str]]:
    """The rights of the form: controls named ``<entity>:<action>``."""
    found: dict[str, dict[str, str]] = {}
    for name, scope in request.form.items():
        entity, colon, action = name.rpartition(":")
        if colon:
            found.setdefault(entity, {})[action] = scope
    return found


def _form(role: Mapping[str, Any], errors: Mapping[str, list[str]]) -> str:
    entities = [("*", say(_("All records"))), *((e.id, say(e.plural)) for e in crm().entities.values())]
    return render(
        "people/role.html",
        role=role,
        rows=[{"label": label, "fields": _row(role["grants"].get(key, {}), key)} for key, label in entities],
        permissions=permissions(),
        errors=errors,
        summary=error_lines(errors),
    )


def _row(granted: Mapping[str, str], entity: str) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{entity}:{action}",
            "label": say(ACTION_LABELS[action]),
            "kind": "choice",
            "blank": False,
            "value": granted.get(action, "none"),
            "choices": _choices(entity, action),
        }
        for action in ACTIONS
    ]


def _choices(entity: str, action: str) -> list[tuple[str, str]]:
    """How far a right may reach. Nobody adds records of a team: adding is allowed or not."""
    labels = {"none": SCOPE_LABELS["none"], "all": _("Yes")} if action == "create" else dict(SCOPE_LABELS)
    if entity != "*":
        labels["none"] = _("As for all")
    return [(scope, say(label)) for scope, label in labels.items()]
