"""Keep a text from being taken for a formula when a spreadsheet program opens a CSV file, and take that back.

``guard`` puts an apostrophe before ``= + - @``, their full-width forms, tab and line ends wherever a cell can begin:
at the start of the text and, because a spreadsheet may split at another separator than ours, behind every separator,
quotation mark and line end inside it (OWASP, CSV injection). Where apostrophes stand there already it adds one more,
so that ``unguard(guard(text)) == text`` for every text. A text that another program wrote is changed by ``unguard``
only where an apostrophe stands before such a sign.
"""

from __future__ import annotations

import re

__all__ = ["guard", "unguard"]

_BEGIN = r"(?:(?<![\s\S])|(?<=[;,\t|\"\r\n]))"
_ACTIVE = r"'*[=+\-@\t\r\n＝＋－＠]"
_UNSAFE = re.compile(f"{_BEGIN}(?={_ACTIVE})")
_GUARDED = re.compile(f"{_BEGIN}'(?={_ACTIVE})")


def guard(text: str) -> str:
    """The text in a form that no spreadsheet program runs as a formula."""
    return _UNSAFE.sub("'", text)


def unguard(text: str) -> str:
    """The text as it was before ``guard``."""
    return _GUARDED.sub("", text) if "'" in text else text
