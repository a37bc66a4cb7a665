"""Failures as answers: a page with a way home, a message for the page that asked, or a problem document."""

from __future__ import annotations

import logging
from urllib.parse import quote, urlsplit

from flask import Flask, Response, g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, InternalServerError

from crm_core import errors
from crm_core.text import Msg, messages
from crm_web.context import render
from crm_web.current import say
from crm_web.negotiate import is_htmx, local_path, wants_json
from crm_web.toast import toast

__all__ = ["answer_failures", "failure", "sign_in_first"]

_ = messages("web")
_log = logging.getLogger("crm.web")

TITLES: dict[int, Msg] = {
    400: _("This request cannot be understood"),
    401: _("Please sign in"),
    403: _("You may not do this"),
    404: _("This page does not exist"),
    405: _("This is not possible here"),
    409: _("This was changed in the meantime"),
    410: _("This is no longer there"),
    412: _("This was changed in the meantime"),
    413: _("This file is too large"),
    415: _("This kind of content cannot be read"),
    422: _("Something is not right yet"),
    429: _("Too many attempts"),
    503: _("Not available at the moment"),
}
FAILED = _("Something went wrong on our side")
_TEXTS: dict[int, Msg] = {
    400: _("Go back and try again. If it happens again, tell your administrator."),
    403: _("Ask your administrator for the right."),
    404: _("It may have been moved or deleted, or you may not see it."),
    413: _("Choose a smaller one."),
    429: _("Wait a moment and try again."),
    500: _("It has been written down. Your administrator finds it under the number below."),
    503: _("Wait a moment and try again."),
}
_STATUS: dict[type[errors.CrmError], int] = {
    errors.Invalid: 422,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Busy: 409,
    errors.TooMany: 429,
    errors.ModuleError: 503,
    errors.ConfigurationError: 503,
}


def answer_failures(app: Flask) -> None:
    """Turn every failure of the app into an answer in the reader's language."""
    app.register_error_handler(errors.CrmError, _on_crm_error)
    app.register_error_handler(HTTPException, _on_http_exception)
    app.register_error_handler(Exception, _on_surprise)


def sign_in_first() -> ResponseReturnValue:
    """What somebody gets who has to sign in: the log-in page, and afterwards the page that was wanted."""
    if is_htmx():
        return failure(401)
    wanted = request.full_path.rstrip("?") if request.method == "GET" else _page_of_form()
    return redirect(f"/login?next={quote(wanted, safe='/')}", 303)


def _page_of_form() -> str:
    """The page whose form was sent: what was typed there comes back from its draft after the log-in."""
    came_from = urlsplit(request.referrer or "")
    return local_path(came_from.path) if came_from.netloc == request.host else "/"


def failure(
    status: int,
    title: Msg | None = None,
    text: Msg | None = None,
    *,
    problems: tuple[errors.Problem, ...] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """The answer for a failure: a page with a way home, or a message for the page that asked."""
    heading = say(title or TITLES.get(status, FAILED))
    detail = say(text or _TEXTS.get(status if status < 500 or status == 503 else 500))
    if is_htmx():
        toast(f"{heading}. {detail}" if detail else heading, kind="danger")
        return Response("", status, headers)
    lines = [detail, *(say(problem.message) for problem in problems)]
    ref = g.request_id if status >= 500 else None
    page = render("error.html", code=status, title=heading, text=" ".join(filter(None, lines)), ref=ref)
    return Response(page, status, headers)


def _on_crm_error(error: errors.CrmError) -> ResponseReturnValue:
    status = next((found for cls, found in _STATUS.items() if isinstance(error, cls)), 500)
    if status >= 500:
        _log.error("request %s: %s", g.request_id, error, exc_info=error)
    if wants_json():
        return _problem_of_error(error)
    problems = error.problems if isinstance(error, errors.Invalid) else ()
    headers = {"Retry-After": "1"} if isinstance(error, errors.Busy) else None
    if isinstance(error, errors.TooMany):
        headers = {"Retry-After": str(error.seconds)}
    title = None if status in {404, 422} else error.message
    return failure(status, title, error.hint, problems=problems, headers=headers)


def _on_http_exception(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if error.response is not None or 300 <= status < 400:
        return error.get_response()
    if wants_json():
        return _problem_of_http(error)
    if status == 401:
        return sign_in_first()
    kept = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    return failure(status, headers=kept)


def _on_surprise(error: Exception) -> ResponseReturnValue:
    _log.error("request %s: %s %s failed", g.request_id, request.method, request.path, exc_info=error)
    return _problem_of_http(InternalServerError()) if wants_json() else failure(500)


def _problem_of_error(error: errors.CrmError) -> Response:
    from crm_web.api.problem import problem_of_error

    return problem_of_error(g.crm, error)


def _problem_of_http(error: HTTPException) -> Response:
    from crm_web.api.problem import problem_of_http

    return problem_of_http(g.crm, error)
