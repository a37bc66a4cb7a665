"""The demo firm: loaded to try the program on, removed when one's own clients come."""

from __future__ import annotations

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from crm_core.service.demo import demo_batch, make_demo, remove_demo
from crm_core.text import messages
from crm_web.context import render
from crm_web.current import actor, crm
from crm_web.policy import require
from crm_web.submission import lead_to, submit
from crm_web.toast import toast

__all__ = ["blueprint"]

_ = messages("web")
blueprint = Blueprint("demo", __name__, url_prefix="/demo")


@blueprint.post("/load")
@require("core.admin")
def load() -> Response:
    """Makes the demo firm, unless it is there already."""

    def work(session: Session) -> Response:
        if demo_batch(session) is None:
            make_demo(session)
            toast(_("The demo firm is here: look around."))
        return lead_to("/")

    return submit(work)


@blueprint.get("/remove")
@require("core.admin")
def ask() -> str:
    """What removing the demo firm means."""
    with crm().reading(actor()) as session:
        there = demo_batch(session) is not None
    return render("demo/remove.html", there=there)


@blueprint.post("/remove")
@require("core.admin")
def remove() -> Response:
    """Removes the demo firm with everything that belongs to it."""

    def work(session: Session) -> Response:
        removed = sum(remove_demo(session).values())
        toast(_.plural("%(n)s demo record was removed", "%(n)s demo records were removed", removed))
        return lead_to("/")

    return submit(work)
