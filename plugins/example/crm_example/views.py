"""The screens that a generic one cannot serve: what is due, and recording a service."""

from __future__ import annotations

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from crm_core import fetch, messages, now
from crm_example import service
from crm_example.asset import ASSET
from crm_web.plugin import actor, crm, lead_to, record_url, render, require, submit, toast

__all__ = ["blueprint"]

_ = messages("example")
blueprint = Blueprint("example", __name__)


@blueprint.get("/due")
@require("example.asset.view")
def due() -> str:
    """The assets whose next service is due, the longest overdue first."""
    with crm().reading(actor()) as session:
        assets = service.due(session, now().date())
    rows = [
        {
            **asset,
            "url": record_url(crm(), ASSET.id, asset["id"]),
            "account_url": record_url(crm(), "core.account", asset["account_id"]),
        }
        for asset in assets
    ]
    return render("example/due.html", rows=rows, may_record=actor().may("example.asset.service"))


@blueprint.get("/assets/<uuid:record_id>/service")
@require("example.asset.service")
def ask(record_id: object) -> str:
    """Asks whether the service is to be recorded."""
    with crm().reading(actor()) as session:
        asset = fetch(session, ASSET, str(record_id))
    return render("example/service.html", asset=asset)


@blueprint.post("/assets/<uuid:record_id>/service")
@require("example.asset.service")
def record(record_id: object) -> Response:
    """Records that the asset was serviced today."""
    key = str(record_id)

    def work(session: Session) -> Response:
        following = service.record_service(session, key, now().date())
        toast(_("Recorded. The next service is due on %(day)s.", day=following.isoformat()))
        return lead_to(record_url(crm(), ASSET.id, key) or "/")

    return submit(work)
