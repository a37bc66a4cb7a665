"""What people see and change of themselves: name, language, password, sessions, tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, g, request
from sqlalchemy.orm import Session

from crm_core.errors import Invalid, Problem
from crm_core.service import identity, people
from crm_core.text import messages
from crm_core.translation import LANGUAGES
from crm_web.auth.session import set_cookie
from crm_web.context import render
from crm_web.current import actor, crm, say
from crm_web.policy import signed_in
from crm_web.submission import lead_to, submit
from crm_web.toast import toast
from crm_web.views.people.words import zones
from crm_web.views.record.form import errors_by_field

__all__ = ["blueprint"]

_ = messages("web")
blueprint = Blueprint("profile", __name__, url_prefix="/profile")

_FIELDS = ("name", "email", "phone", "language", "zone")
_DAYS = {"30": _("30 days"), "365": _("A year"), "": _("Until it is withdrawn")}


@blueprint.get("")
@signed_in
def show() -> str:
    """The page of the one who asks."""
    return _page()


@blueprint.post("")
@signed_in
def save() -> Response:
    """Changes name, ways to reach, language and time zone."""
    data = {name: request.form[name] for name in _FIELDS if name in request.form}

    def work(session: Session) -> Response:
        people.save_profile(session, data)
        toast(_("Saved"))
        return lead_to("/profile")

    try:
        return submit(work)
    except Invalid as refused:
        return Response(_page(typed=data, errors=errors_by_field(refused.problems)), 422)


@blueprint.post("/password")
@signed_in
def change_password() -> Response:
    """Changes the password: all sessions end, and this browser gets a new one."""
    password = request.form.get("password", "")
    try:
        if password != request.form.get("repeat", ""):
            problem = Problem(id="core.not_same", message=_("The two passwords differ."), field="repeat")
            raise Invalid([problem])
        with crm().writing(actor(), request=g.request_id) as session:
            identity.change_password(session, _me(), request.form.get("current", ""), password)
            new = identity.open_session(session, _me(), request.remote_addr, request.user_agent.string)
    except Invalid as refused:
        return Response(_page(errors=errors_by_field(refused.problems)), 422)
    toast(_("The password is changed; everywhere else you are signed out"))
    return set_cookie(lead_to("/profile"), crm().settings, new)


@blueprint.post("/sessions/end")
@signed_in
def end_others() -> Response:
    """Ends all sessions but this one."""
    return _do(lambda session: identity.revoke_all(session, _me(), but=g.session_info.id))


@blueprint.post("/sessions/<session_id>/end")
@signed_in
def end_session(session_id: str) -> Response:
    """Ends one session."""
    return _do(lambda session: identity.revoke_session(session, _me(), session_id))


@blueprint.post("/tokens")
@signed_in
def create_token() -> Response:
    """Makes a token and shows it, once: the answer is kept nowhere."""
    chosen = request.form.get("days", "")
    days = int(chosen) if chosen in _DAYS and chosen else None
    try:
        with crm().writing(actor(), request=g.request_id) as session:
            secret = identity.create_token(session, _me(), request.form.get("token_name", ""), days)
    except Invalid as refused:
        errors = {"token_name": [say(problem.message) for problem in refused.problems]}
        return Response(_page(errors=errors), 422)
    return Response(_page(secret=secret))


@blueprint.post("/tokens/<uuid:token_id>/revoke")
@signed_in
def revoke_token(token_id: Any) -> Response:
    """Withdraws a token; it stops working at once."""
    return _do(lambda session: identity.revoke_token(session, _me(), str(token_id)))


def _do(change: Callable[[Session], None]) -> Response:
    def work(session: Session) -> Response:
        change(session)
        toast(_("Done"))
        return lead_to("/profile")

    return submit(work)


def _me() -> str:
    return str(actor().user_id)


def _page(
    *, typed: Mapping[str, Any] | None = None, errors: Mapping[str, list[str]] | None = None, secret: str | None = None
) -> str:
    with crm().reading(actor()) as session:
        user = people.user(session, _me())
        sessions, tokens = identity.sessions_of(session, _me()), identity.tokens_of(session, _me())
    return render(
        "profile/profile.html",
        user={**user, **(typed or {})},
        errors=errors or {},
        sessions=sessions,
        here=g.session_info.id,
        tokens=tokens,
        secret=secret,
        days=[(days, say(label)) for days, label in _DAYS.items()],
        languages=list(LANGUAGES.items()),
        zones=zones(),
    )
