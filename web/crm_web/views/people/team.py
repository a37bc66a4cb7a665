"""Teams: the tree, and who belongs to each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from crm_core.errors import Invalid
from crm_core.service import people
from crm_core.text import messages
from crm_web.context import render
from crm_web.current import actor, crm
from crm_web.links import find_url
from crm_web.policy import require
from crm_web.submission import lead_to, submit
from crm_web.toast import toast
from crm_web.views.people.words import tabs
from crm_web.views.record.form import error_lines, errors_by_field

__all__ = ["blueprint"]

_ = messages("web")
blueprint = Blueprint("teams", __name__, url_prefix="/users/teams")
admin = require("core.admin")


@blueprint.get("")
@admin
def show() -> str:
    """The tree of teams with their people."""
    with crm().reading(actor()) as session:
        return render("people/teams.html", tabs=tabs("/users/teams"), teams=people.teams(session))


@blueprint.get("/new")
@admin
def new() -> str:
    """The empty form, perhaps already below another team."""
    empty: dict[str, Any] = {"id": None, "name": "", "heads": [], "members": []}
    return _form({**empty, "parent_id": request.args.get("below")}, {})


@blueprint.post("/new")
@admin
def create() -> ResponseReturnValue:
    """Makes the team with its people."""

    def work(session: Session) -> Response:
        given = _given()
        team_id = people.create_team(session, given["name"], given["parent_id"])
        people.update_team(session, team_id, **given)
        toast(_("The team “%(name)s” is there", name=given["name"]))
        return lead_to("/users/teams")

    return _attempt(work, None)


@blueprint.get("/<team_id>")
@admin
def edit(team_id: str) -> str:
    """The form of a team."""
    with crm().reading(actor()) as session:
        team = people.team(session, team_id)
    heads = [member["id"] for member in team["members"] if member["is_head"]]
    others = [member["id"] for member in team["members"] if not member["is_head"]]
    return _form({**team, "heads": heads, "members": others}, {})


@blueprint.post("/<team_id>")
@admin
def save(team_id: str) -> ResponseReturnValue:
    """Renames or moves the team, and says who belongs to it."""

    def work(session: Session) -> Response:
        given = _given()
        people.update_team(session, team_id, **given)
        toast(_("The team “%(name)s” is saved", name=given["name"]))
        return lead_to("/users/teams")

    return _attempt(work, team_id)


@blueprint.post("/<team_id>/close")
@admin
def close(team_id: str) -> ResponseReturnValue:
    """Takes the team out of use."""

    def work(session: Session) -> Response:
        people.close_team(session, team_id)
        toast(_("The team is closed"))
        return lead_to("/users/teams")

    try:
        return submit(work)
    except Invalid as refused:
        toast(refused.message, kind="danger")
        return lead_to(f"/users/teams/{team_id}")


def _attempt(work: Callable[[Session], Response], team_id: str | None) -> ResponseReturnValue:
    try:
        return submit(work)
    except Invalid as refused:
        return Response(_form({"id": team_id, **_given()}, errors_by_field(refused.problems)), 422)


def _given() -> dict[str, Any]:
    return {
        "name": request.form.get("name", ""),
        "parent_id": request.form.get("parent_id") or None,
        "heads": request.form.getlist("heads"),
        "members": request.form.getlist("members"),
    }


def _form(values: Mapping[str, Any], errors: Mapping[str, list[str]]) -> str:
    with crm().reading(actor()) as session:
        names = {user["id"]: user["name"] for user in people.users(session)}
        teams = [
            (team["id"], "— " * team["depth"] + team["name"])
            for team in people.teams(session)
            if values["id"] is None or f"/{values['id']}/" not in team["path"]
        ]
    known = {field: [key for key in values[field] if key in names] for field in ("heads", "members")}
    shown = {field: [names[key] for key in keys] for field, keys in known.items()}
    return render(
        "people/team.html",
        team={**values, **known},
        shown=shown,
        teams=teams,
        errors=errors,
        summary=error_lines(errors),
        people_url=find_url("core.user"),
    )
