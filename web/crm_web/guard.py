"""The gate that every request passes: who asks, in which language, and whether they may."""

from __future__ import annotations

from flask import Flask, g, request
from flask.typing import ResponseReturnValue

from crm_core.access.principal import ANONYMOUS
from crm_core.errors import NotAllowed
from crm_web.errors import sign_in_first
from crm_web.headers import new_request
from crm_web.i18n import language_of
from crm_web.negotiate import wants_json
from crm_web.policy import PROBE, PUBLIC, TOKEN
from crm_web.shell import Shell

__all__ = ["MAX_FORM_BYTES", "guard_requests"]

MAX_FORM_BYTES = 4 * 1024 * 1024
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def guard_requests(app: Flask, shell: Shell) -> None:
    """Let every request in through the policy of its view; a view without one has kept the app from being built."""

    @app.before_request
    def enter() -> ResponseReturnValue | None:
        new_request()
        _limit_form()
        g.crm, g.actor, g.session_info = shell.crm, ANONYMOUS, None
        policy = shell.policies.get(request.endpoint or "", PUBLIC)
        if policy.kind == "staff" and wants_json():
            _identify_program()
        elif policy not in (PROBE, TOKEN):
            _identify()
        # Programs are answered in the language of their token's user, which is not known yet.
        usual = shell.crm.settings.language
        g.words = shell.words(usual if policy is TOKEN else language_of(request, g.actor, usual))
        return _admit(policy.kind, policy.permission)


def _limit_form() -> None:
    """A form without files is read into memory at once, so it has a limit of its own, far below that of uploads."""
    if request.mimetype == "application/x-www-form-urlencoded":
        request.max_content_length = MAX_FORM_BYTES


def _identify() -> None:
    """Find out who asks, by the cookie; without one nothing is looked up."""
    from crm_web.auth.session import identify

    identify()


def _identify_program() -> None:
    """Find out who asks at a module's addresses of the REST interface: by token, or by cookie and form token."""
    from crm_web.api.caller import caller_of

    with g.crm.reading(ANONYMOUS) as session:
        caller_of(session)


def _admit(kind: str, permission: str | None) -> ResponseReturnValue | None:
    if kind in {"probe", "token"}:
        return None
    if kind == "staff" and g.actor.kind == "anonymous":
        return sign_in_first()
    if _needs_proof(kind):
        _check_origin()
    if kind == "staff" and permission is not None and not g.actor.may(permission):
        raise NotAllowed
    return None


def _needs_proof(kind: str) -> bool:
    """Whether a change must prove that a page of ours asked for it.

    A program has proved who it is; an address that is not known gets its 404 or 405: nothing can be done there.
    """
    if request.method in _SAFE or request.routing_exception is not None:
        return False
    return not wants_json() or (kind == "public" and g.session_info is not None)


def _check_origin() -> None:
    """Turn away what other sites make a browser send."""
    from crm_web.auth.csrf import check_csrf

    check_csrf()
