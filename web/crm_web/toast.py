"""Short messages after an action: shown by the page that comes next, or at once by the page that asked."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, Response, g, request
from itsdangerous import BadSignature, URLSafeSerializer

from crm_core.text import Msg
from crm_web.current import say
from crm_web.negotiate import is_htmx, local_path

__all__ = ["carry_toasts", "toast", "toasts_to_show", "trigger"]

COOKIE = "crm_toast"
MAX_BYTES = 3000


def toast(message: Msg | str, *, kind: str = "success", undo: str | None = None) -> None:
    """Tell the user what happened; ``undo`` is the path that takes it back when it is posted to."""
    g.setdefault("toasts", []).append({"message": say(message), "kind": kind, "undo": undo})


def trigger(event: str, detail: Any = None) -> None:
    """Let the page that asked see an event (``crm:close-dialog``, ``crm:reload``)."""
    g.setdefault("triggers", {})[event] = detail if detail is not None else {}


def toasts_to_show() -> list[dict[str, Any]]:
    """The messages that this page shows: its own and those of the request that led here."""
    g.toasts_shown = True
    return [*_received(), *g.get("toasts", [])]


def carry_toasts(app: Flask, key: bytes, *, https: bool) -> None:
    """Bring messages that no page has shown yet to the next one, or to the script that asked."""
    app.extensions["crm_toasts"] = URLSafeSerializer(key, salt="toast")

    @app.after_request
    def carry(response: Response) -> Response:
        shown, waiting = g.get("toasts_shown", False), g.get("toasts", [])
        leads_on = 300 <= response.status_code < 400 or "HX-Redirect" in response.headers
        if waiting and leads_on:
            value = app.extensions["crm_toasts"].dumps(waiting)
            if len(value) <= MAX_BYTES:
                response.set_cookie(COOKIE, value, max_age=60, httponly=True, samesite="Lax", secure=https)
        elif shown and COOKIE in request.cookies:
            response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=https)
        _add_triggers(response, waiting if not leads_on and not shown else [])
        return response


def _add_triggers(response: Response, waiting: list[dict[str, Any]]) -> None:
    events = dict(g.get("triggers", {}))
    if waiting and is_htmx():
        events["crm:toast"] = waiting[-1]
    if events:
        response.headers["HX-Trigger"] = json.dumps(events)


def _received() -> list[dict[str, Any]]:
    value = request.cookies.get(COOKIE)
    if not value:
        return []
    from flask import current_app

    try:
        found = current_app.extensions["crm_toasts"].loads(value)
    except BadSignature:
        return []
    return [{**line, "undo": local_path(line["undo"], "") or None} for line in found]
