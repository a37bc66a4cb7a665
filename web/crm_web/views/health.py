"""Whether the process lives and whether it can work: for supervisors and load balancers, without any detail."""

from __future__ import annotations

from flask import Blueprint, Response, g, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from crm_core.access.principal import system
from crm_web.policy import PROBE, declare
from crm_web.shell import current_shell
from crm_web.switch import SWITCH

__all__ = ["blueprint"]

blueprint = declare(Blueprint("health", __name__), PROBE)


@blueprint.get("/healthz")
def alive() -> Response:
    """Always the same answer: the process takes requests."""
    return Response("ok", mimetype="text/plain")


@blueprint.get("/readyz")
def ready() -> Response:
    """503 when the database does not answer; ``degraded`` when a module does not work, which the base survives."""
    try:
        with g.crm.reading(system("health")) as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return Response("unavailable", 503, mimetype="text/plain")
    return Response("degraded" if _degraded() else "ready", mimetype="text/plain")


def _degraded() -> bool:
    """A module cannot be used, something of one is left out, or the last change of the modules could not be built."""
    switch = request.environ.get(SWITCH)
    stuck = switch is not None and switch.error is not None
    return bool(g.crm.failures) or bool(current_shell().broken) or stuck
