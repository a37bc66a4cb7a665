"""The gate that every request passes: who asks, in which language, and whether they may."""

from __future__ import annotations

from flask import Flask, g, request
from flask.typing import ResponseReturnValue

from crm_core.access.principal import ANONYMOUS
from crm_core.errors import NotAllowed
from crm_web.errors import sign_in_first
from crm_web.headers import new_request
from crm_web.i18n import language_of
from crm_web.policy import PROBE, PUBLIC, TOKEN
from crm_web.shell import Shell

__all__ = ["guard_requests"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def guard_requests(app: Flask, shell: Shell) -> None:
    """Let every request in through the policy of its view; a view without one has kept the app from being built."""

    @app.before_request
    def enter() -> ResponseReturnValue | None:
        new_request()
        g.crm, g.actor, g.session_info = shell.crm, ANONYMOUS, None
        policy = shell.policies.get(request.endpoint or "", PUBLIC)
        if policy not in (PROBE, TOKEN):
            _identify()
        # Programs are answered in the language of their token's user, which is not known yet.
        usual = shell.crm.settings.language
        g.words = shell.words(usual if policy is TOKEN else language_of(request, g.actor, usual))
        return _admit(policy.kind, policy.permission)


def _identify() -> None:
    """Find out who asks, by the cookie; without one nothing is looked up."""
    from crm_web.auth.session import identify

    identify()


def _admit(kind: str, permission: str | None) -> ResponseReturnValue | None:
    if kind in {"probe", "token"}:
        return None
    if kind == "staff" and g.actor.kind == "anonymous":
        return sign_in_first()
    # An address that is not known gets its 404 or 405: nothing can be done there.
    if request.method not in _SAFE and request.routing_exception is None:
        _check_origin()
    if kind == "staff" and permission is not None and not g.actor.may(permission):
        raise NotAllowed
    return None


def _check_origin() -> None:
    """Turn away what other sites make a browser send."""
    from crm_web.auth.csrf import check_csrf

    check_csrf()
