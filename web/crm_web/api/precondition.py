"""Conditional requests (RFC 9110 §13): nobody overwrites what he has not seen."""

from __future__ import annotations

import re

from flask import request

from crm_core.text import messages
from crm_web.api.problem import Fault

__all__ = ["is_unchanged", "versions_seen"]

_ = messages("web")
# A compressed answer carries the tag with the name of the compression behind it.
_TAG = re.compile(r'"v(\d{1,9})(:\w+)?"')
NEVER = 0


def versions_seen(record_id: str) -> dict[str, int] | None:
    """What ``If-Match`` says for the write path: the version that the caller has seen, ``None`` for ``*``.

    A tag that was never ours stands for a version that no record has. Raises ``Fault`` (428) without the header.
    """
    header = request.headers.get("If-Match")
    if header is None:
        raise Fault(
            "precondition-required",
            _("This needs the header If-Match."),
            hint=_('Send the ETag that you got with the record, for example If-Match: "v3".'),
        )
    if header.strip() == "*":
        return None
    tag = _TAG.fullmatch(header.strip())
    return {record_id: int(tag[1]) if tag else NEVER}


def is_unchanged(version: int) -> bool:
    """Whether the caller already holds this version (``If-None-Match``)."""
    header = request.headers.get("If-None-Match")
    if header is None:
        return False
    tags = (_TAG.fullmatch(part.strip().removeprefix("W/")) for part in header.split(","))
    return header.strip() == "*" or any(tag is not None and int(tag[1]) == version for tag in tags)
