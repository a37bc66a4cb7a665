"""Users: the list, the form, the link by which somebody chooses a password."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from crm_core.access.load import load_principal
from crm_core.errors import Conflict, Invalid
from crm_core.service import people
from crm_core.service.identity import LINK_LIFE
from crm_core.text import messages
from crm_core.translation import LANGUAGES
from crm_web.context import render
from crm_web.current import actor, crm, say
from crm_web.policy import require
from crm_web.submission import lead_to, submit
from crm_web.toast import toast
from crm_web.views.people.words import permissions, powers, role_name, tabs, zones
from crm_web.views.record.form import error_lines, errors_by_field

__all__ = ["blueprint"]

_ = messages("web")
blueprint = Blueprint("users", __name__, url_prefix="/users")
admin = require("core.admin")

_TEXTS = ("name", "login", "email", "phone", "language", "zone")
_NOBODY: Mapping[str, Any] = {
    **dict.fromkeys(("id", "version", "team_id", *_TEXTS)),
    "roles": ["sales"],
    "is_active": True,
}


@blueprint.get("")
@admin
def show() -> str:
    """Everybody who may sign in, and who once did."""
    with crm().reading(actor()) as session:
        names = {role["key"]: role_name(role) for role in people.roles(session)}
        users = people.users(session)
    rows = [{**user, "roles": [names[key] for key in user["roles"]]} for user in users]
    return render("people/users.html", tabs=tabs("/users"), users=rows, me=actor().user_id)


@blueprint.get("/new")
@admin
def new() -> str:
    """The empty form."""
    settings = crm().settings
    values = {**_NOBODY, "language": g.words.language, "zone": settings.zone}
    return _form(values, {})


@blueprint.post("/new")
@admin
def create() -> ResponseReturnValue:
    """Makes the user and shows the link of the invitation, once; the login keeps a second click from making two."""
    data = _given()
    try:
        with crm().writing(actor(), request=g.request_id) as session:
            user_id = people.create_user(session, data)
            user, secret = people.user(session, user_id), people.invite(session, user_id)
    except Invalid as refused:
        return Response(_form({**_NOBODY, **data}, errors_by_field(refused.problems)), 422)
    return _link_page(user, "invite", secret)


@blueprint.get("/<user_id>")
@admin
def edit(user_id: str) -> str:
    """The form of a user, and what the person may do."""
    with crm().reading(actor()) as session:
        user = people.user(session, user_id)
    return _form(user, {})


@blueprint.post("/<user_id>")
@admin
def save(user_id: str) -> ResponseReturnValue:
    """Changes the user, unless somebody else has done so since the form was opened."""
    data, version = _given(), request.form.get("version", type=int)

    def work(session: Session) -> Response:
        people.update_user(session, user_id, data, version=version)
        toast(_("“%(name)s” is saved", name=data["name"]))
        return lead_to("/users")

    try:
        return submit(work)
    except Invalid as refused:
        return Response(_form(_draft(user_id, data), errors_by_field(refused.problems)), 422)
    except Conflict as conflict:
        errors = {"": [say(conflict.message), say(_("Look at it once more, then save."))]}
        return Response(_form({**conflict.current, **data}, errors), 409)


@blueprint.post("/<user_id>/link")
@admin
def link(user_id: str) -> str:
    """Shows a new link by which the user chooses a password; it is not kept, so it cannot be shown again."""
    kind = "reset" if request.form.get("kind") == "reset" else "invite"
    make: Callable[[Session, str], str] = people.reset_link if kind == "reset" else people.invite
    with crm().writing(actor(), request=g.request_id) as session:
        user, secret = people.user(session, user_id), make(session, user_id)
    return _link_page(user, kind, secret)


@blueprint.post("/<user_id>/deactivate")
@admin
def deactivate(user_id: str) -> ResponseReturnValue:
    """Shuts the user out at once."""
    return _switch(user_id, active=False)


@blueprint.post("/<user_id>/activate")
@admin
def activate(user_id: str) -> ResponseReturnValue:
    """Lets the user in again; a new link gives a password."""
    return _switch(user_id, active=True)


def _switch(user_id: str, *, active: bool) -> ResponseReturnValue:
    def work(session: Session) -> Response:
        people.update_user(session, user_id, {"is_active": active})
        name = people.user(session, user_id)["name"]
        toast(_("“%(name)s” may sign in again", name=name) if active else _("“%(name)s” is shut out", name=name))
        return lead_to(f"/users/{user_id}")

    try:
        return submit(work)
    except Invalid as refused:
        toast(refused.message, kind="danger")
        return lead_to(f"/users/{user_id}")


def _given() -> dict[str, Any]:
    """The form as the service reads it; an empty e-mail, phone or team is none."""
    data: dict[str, Any] = {name: request.form.get(name, "") for name in _TEXTS}
    data["team_id"] = request.form.get("team_id") or None
    data["roles"] = request.form.getlist("roles")
    return data


def _draft(user_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    with crm().reading(actor()) as session:
        user = people.user(session, user_id)
    return {**user, **data, "version": request.form.get("version", "")}


def _form(values: Mapping[str, Any], errors: Mapping[str, list[str]]) -> str:
    user_id = values["id"]
    with crm().reading(actor()) as session:
        roles = [(role["key"], role_name(role)) for role in people.roles(session)]
        teams = [(team["id"], "— " * team["depth"] + team["name"]) for team in people.teams(session)]
        person = load_principal(session, user_id) if user_id and values["is_active"] else None
    return render(
        "people/user.html",
        user=values,
        errors=errors,
        summary=error_lines(errors),
        roles=roles,
        teams=teams,
        languages=list(LANGUAGES.items()),
        zones=zones(),
        powers=powers(person) if person is not None else [],
        named=[label for name, label in permissions() if person is not None and person.may(name)],
    )


def _link_page(user: Mapping[str, Any], kind: str, secret: str) -> str:
    url = f"{crm().settings.base_url}/{kind}/{secret}"
    hours = LINK_LIFE[kind].total_seconds() / 3600
    return render("people/link.html", user=user, url=url, hours=int(hours), minutes=int(hours * 60))
