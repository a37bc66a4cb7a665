"""The interface of the shell for the views of modules; everything else in this package may change.

A view takes who asks and the program from here, says who may call it, and changes something only in
``submit``:

    blueprint = Blueprint("sales", __name__)

    @blueprint.post("/opportunities/<record_id>/win")
    @require("sales.opportunity.edit")
    def win(record_id: str) -> Response:
        def work(session: Session) -> Response:
            service.win(session, record_id)
            toast(_("Won"))
            return lead_to(f"/sales/opportunities/{record_id}")

        return submit(work)
"""

from __future__ import annotations

from crm_web.context import render
from crm_web.current import actor, crm, say
from crm_web.links import record_url, with_query
from crm_web.policy import public, require, signed_in
from crm_web.submission import lead_to, submit
from crm_web.toast import toast

__all__ = [
    "actor",
    "crm",
    "lead_to",
    "public",
    "record_url",
    "render",
    "require",
    "say",
    "signed_in",
    "submit",
    "toast",
    "with_query",
]
