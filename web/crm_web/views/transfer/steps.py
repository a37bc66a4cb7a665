"""The way through the wizard: which step comes where, and which of them one can go back to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_core.text import messages
from crm_web.current import say

__all__ = ["STEPS", "wizard"]

_ = messages("web")

STEPS = (_("File"), _("Columns"), _("Check"), _("Import"))
_PLACES = {"setup": 2, "checking": 3, "checked": 3}


def wizard(batch: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The labels of the steps, the current one (from 1), and the addresses of those that were done."""
    first, second, *rest = STEPS
    if batch["plan"].get("format") == "vcard":
        second = _("Rules")
    labels = [say(step) for step in (first, second, *rest)]
    open_still = place in {"setup", "checked"}
    back = f"/imports/{batch['id']}/setup"
    urls = [f"/import?entity={batch['entity']}", back] if open_still else []
    # When everything is over each of the steps is behind one.
    return {"labels": labels, "current": _PLACES.get(place, 4 if place == "running" else 5), "urls": urls}
