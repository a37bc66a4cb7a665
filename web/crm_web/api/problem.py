"""Problem documents (RFC 9457): every refusal of the interface says what happened, where, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from crm_core.errors import Busy, Conflict, CrmError, Invalid, NotAllowed, NotFound, Problem, TooMany
from crm_core.runtime import Crm
from crm_core.text import Msg, messages
from crm_core.translation import LANGUAGES
from crm_web.api.output import OPTIONS, plain

__all__ = [
    "KINDS",
    "Fault",
    "Kind",
    "caller_language",
    "field_error",
    "problem_of_error",
    "problem_of_http",
    "problem_response",
]

_ = messages("web")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: the last part of its ``type``, the status, and its title."""

    id: str
    status: int
    title: Msg


KINDS: Mapping[str, Kind] = {
    kind.id: kind
    for kind in (
        Kind("bad-request", 400, _("The request cannot be understood.")),
        Kind("unauthorized", 401, _("You are not signed in.")),
        Kind("not-allowed", 403, _("You do not have the right to do this.")),
        Kind("not-found", 404, _("There is no such thing here.")),
        Kind("method-not-allowed", 405, _("This address does not know this method.")),
        Kind("busy", 409, _("The same request is being handled at this moment.")),
        Kind("conflict", 409, _("This can no longer be done.")),
        Kind("precondition-failed", 412, _("Somebody else has changed this record in the meantime.")),
        Kind("too-large", 413, _("The request is too large.")),
        Kind("unsupported-media-type", 415, _("The body is of a kind that is not read here.")),
        Kind("invalid", 422, _("The input is not valid.")),
        Kind("precondition-required", 428, _("Say which version of the record you change.")),
        Kind("too-many-requests", 429, _("There were too many requests.")),
        Kind("failed", 500, _("Something went wrong on our side.")),
        Kind("module-failed", 500, _("A module failed.")),
    )
}
_BY_STATUS: Mapping[int, Kind] = {kind.status: kind for kind in reversed(tuple(KINDS.values()))}
_BY_ERROR: tuple[tuple[type[CrmError], str], ...] = (
    (Invalid, "invalid"),
    (NotAllowed, "not-allowed"),
    (NotFound, "not-found"),
    (Conflict, "conflict"),
    (Busy, "busy"),
    (TooMany, "too-many-requests"),
)
RETRY_SECONDS = "1"


class Fault(HTTPException):
    """A request that breaks the rules of the protocol; ``kind`` is one of ``KINDS``."""

    def __init__(
        self, kind: str, message: Msg, *, hint: Msg | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(str(message))
        self.kind = KINDS[kind]
        self.code = self.kind.status
        self.message = message
        self.hint = hint
        self.headers = dict(headers or {})


def problem_of_error(crm: Crm, error: CrmError) -> Response:
    """The answer to an error of the program itself."""
    kind = KINDS[next((name for cls, name in _BY_ERROR if isinstance(error, cls)), "module-failed")]
    members: dict[str, Any] = {}
    if isinstance(error, Invalid):
        members["errors"] = [field_error(crm, problem) for problem in error.problems]
    if kind.id == "module-failed":
        members["module"] = error.module
    headers = {"Retry-After": RETRY_SECONDS} if isinstance(error, Busy) else {}
    if isinstance(error, TooMany):
        headers = {"Retry-After": str(error.seconds)}
    return problem_response(crm, kind, error.message, hint=error.hint, headers=headers, members=members)


def problem_of_http(crm: Crm, error: HTTPException) -> Response:
    """The answer to a request that Flask or ``Fault`` refused."""
    if isinstance(error, Fault):
        return problem_response(crm, error.kind, error.message, hint=error.hint, headers=error.headers)
    kind = _BY_STATUS.get(error.code or 500, KINDS["failed" if (error.code or 500) >= 500 else "bad-request"])
    headers = {"Allow": ", ".join(sorted(error.valid_methods or ()))} if isinstance(error, MethodNotAllowed) else {}
    return problem_response(crm, kind, kind.title, headers=headers)


def problem_response(
    crm: Crm,
    kind: Kind,
    message: Msg,
    *,
    hint: Msg | None = None,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, Any] | None = None,
) -> Response:
    """A problem document in the language of the caller."""
    language = caller_language(crm)
    title, detail = crm.translate(kind.title, language), crm.translate(message, language)
    document: dict[str, Any] = {"type": f"/problems/{kind.id}", "title": title, "status": kind.status}
    if detail != title:
        document["detail"] = detail
    if hint is not None:
        document["hint"] = crm.translate(hint, language)
    body = orjson.dumps({**document, **(members or {})}, default=plain, option=OPTIONS)
    given = {"Content-Language": language, "Cache-Control": "no-store", **(headers or {})}
    return Response(body, kind.status, given, content_type="application/problem+json")


def caller_language(crm: Crm) -> str:
    """The language of the signed-in caller; of the ``Accept-Language`` header for all others."""
    actor = g.get("actor")
    if actor is not None and actor.kind != "anonymous":
        return str(actor.language)
    return request.accept_languages.best_match(LANGUAGES, default=crm.settings.language) or crm.settings.language


def field_error(crm: Crm, problem: Problem) -> dict[str, Any]:
    """What is wrong with one field, in the language of the caller."""
    language = caller_language(crm)
    document: dict[str, Any] = {
        "field": problem.field,
        "id": problem.id,
        "message": crm.translate(problem.message, language),
    }
    if problem.hint is not None:
        document["hint"] = crm.translate(problem.hint, language)
    if problem.row:
        document["row"] = problem.row
    return document
