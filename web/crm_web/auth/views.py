"""Log-in, log-out, and the links that work once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, redirect, request
from werkzeug.exceptions import BadRequest

from crm_core.access.principal import system
from crm_core.errors import Invalid, NotFound, Problem, Refused, TooMany
from crm_core.service import identity, people, setup
from crm_core.service.identity import NewSession
from crm_core.text import messages
from crm_core.translation import LANGUAGES
from crm_web.auth.session import forget_cookie, set_cookie
from crm_web.context import render
from crm_web.current import crm, say
from crm_web.policy import public, signed_in

__all__ = ["blueprint", "safe_path"]

_ = messages("web")
blueprint = Blueprint("auth", __name__)
_SIGNING_IN = system("sign-in")


def safe_path(wanted: str | None) -> str:
    """A path of this site, or the start page for anything that could lead elsewhere."""
    text = wanted or "/"
    plain = text.startswith("/") and not text.startswith(("//", "/\\")) and all(" " < char < "\x7f" for char in text)
    return text if plain and "\\" not in text else "/"


@blueprint.get("/login")
@public
def show_login() -> Response | str:
    """The form; who is signed in already goes on."""
    if g.actor.kind == "staff":
        return _go(safe_path(request.args.get("next")))
    with crm().reading(_SIGNING_IN) as session:
        if setup.needs_setup(session):
            return render("auth/not_ready.html")
    return _login_page()


@blueprint.post("/login")
@public
def log_in() -> Response:
    """Check the password; every attempt begins a new session or counts as failed."""
    login, password = request.form.get("login", ""), request.form.get("password", "")
    before = g.session_info.id if g.session_info is not None else None
    try:
        new = identity.sign_in(crm(), login, password, request.remote_addr, request.user_agent.string, ends=before)
    except Refused as refused:
        text = f"{say(refused.message)} {say(refused.hint)}"
        page = _login_page(login=login[:120], error=text)
        if isinstance(refused, TooMany):
            return Response(page, 429, {"Retry-After": str(refused.seconds)})
        return Response(page, 422)
    return _enter(new, safe_path(request.form.get("next")))


@blueprint.post("/logout")
@signed_in
def log_out() -> Response:
    """End this session, here and on the server."""
    with crm().writing(g.actor, request=g.request_id) as session:
        identity.sign_out(session, g.session_info.id)
        identity.note(session, "signed_out", g.actor.user_id, request.remote_addr)
    response = forget_cookie(_go("/login"), crm().settings)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@blueprint.route("/setup/<secret>", methods=["GET", "POST"])
@public
def first_run(secret: str) -> Response | str:
    """The first administrator chooses login and password; the link works once."""
    if request.method == "GET":
        _look_at("setup", secret)
        return _setup_page({"language": g.words.language})
    data = {name: request.form.get(name, "") for name in ("login", "name", "password", "repeat", "language")}
    try:
        _same(data["password"], data["repeat"])
        with crm().writing(_SIGNING_IN, request=g.request_id) as session:
            identity.use_link(session, "setup", secret)
            language = data["language"] if data["language"] in LANGUAGES else "en"
            zone = crm().settings.zone
            user_id = setup.create_administrator(session, data["login"], data["name"], data["password"], language, zone)
            new = identity.open_session(session, user_id, request.remote_addr, request.user_agent.string)
    except Invalid as refused:
        return Response(_setup_page(data, refused.problems), 422)
    return _enter(new, "/")


@blueprint.route("/invite/<secret>", methods=["GET", "POST"])
@public
def invited(secret: str) -> Response | str:
    """Somebody who was invited chooses a password; the link works once."""
    return _choose_password("invite", secret)


@blueprint.route("/reset/<secret>", methods=["GET", "POST"])
@public
def reset(secret: str) -> Response | str:
    """Somebody who forgot the password chooses another one; the link works once."""
    return _choose_password("reset", secret)


def _choose_password(kind: str, secret: str) -> Response | str:
    user_id = _look_at(kind, secret)
    if user_id is None:
        raise NotFound
    with crm().reading(_SIGNING_IN) as session:
        user = people.user(session, user_id)
    if request.method == "GET":
        return render("auth/password.html", user=user, errors={}, summary=[])
    try:
        _same(request.form.get("password", ""), request.form.get("repeat", ""))
        with crm().writing(_SIGNING_IN, request=g.request_id) as session:
            identity.use_link(session, kind, secret)
            identity.set_password(session, user_id, request.form.get("password", ""))
            new = identity.open_session(session, user_id, request.remote_addr, request.user_agent.string)
    except Invalid as refused:
        return Response(render("auth/password.html", user=user, **_errors(refused.problems)), 422)
    return _enter(new, "/")


def _look_at(kind: str, secret: str) -> str | None:
    if len(secret) > 100:
        raise BadRequest
    with crm().reading(_SIGNING_IN) as session:
        return identity.use_link(session, kind, secret, consume=False)


def _same(password: str, repeat: str) -> None:
    if password != repeat:
        raise Invalid([Problem(id="core.not_same", message=_("The two passwords differ."), field="repeat")])


def _login_page(login: str = "", error: str | None = None) -> str:
    wanted = safe_path(request.values.get("next"))
    return render("auth/login.html", login=login, error=error, next=wanted)


def _setup_page(data: dict[str, Any], problems: tuple[Problem, ...] = ()) -> str:
    return render("auth/setup.html", data=data, languages=list(LANGUAGES.items()), **_errors(problems))


def _errors(problems: tuple[Problem, ...]) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    for problem in problems:
        errors.setdefault(problem.field or "", []).append(say(problem.message))
    summary = [(f"f-{name}" if name else "", text) for name, texts in errors.items() for text in texts]
    return {"errors": errors, "summary": summary}


def _enter(new: NewSession, path: str) -> Response:
    return set_cookie(_go(path), crm().settings, new)


def _go(path: str) -> Response:
    response: Response = redirect(path, 303)  # type: ignore[assignment]
    return response
