"""What kind of thing a cell looks like, without knowing its column."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from stdnum.ru import inn

from .dates import take_apart
from .numbers import number_of

__all__ = ["kind_of", "usual_kind"]

_EMAIL = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+\.[^\s@,;<>\".]{2,}")
_URL = re.compile(
    r"(?:https?://|www\.)\S+|(?:[\w-]+\.)+(?:ru|com|org|net|рф|biz|info|io|de|fr|uk|by|kz|ua)(?:/\S*)?", re.I
)
_PHONE = re.compile(r"\+?[\d\s\u00a0().–-]{7,24}(?:(?:доб|ext|x|#)\.?\s*\d{1,6})?", re.I)
_PLAIN_PHONE = re.compile(r"[78]\d{10}")
_WORD = frozenset(("да", "нет", "yes", "no", "true", "false"))


def kind_of(cell: str) -> str:
    """``email``, ``url``, ``day``, ``instant``, ``inn``, ``phone``, ``number``, ``bool``; any other text is ``""``."""
    text = cell.strip()
    if not text or len(text) > 200:
        return ""
    if "@" in text:
        return "email" if _EMAIL.fullmatch(text) else ""
    if text[0].isalpha():
        return "bool" if text.lower() in _WORD else "url" if _URL.fullmatch(text) else ""
    if written := take_apart(text):
        return "instant" if written.time else "day"
    if text.isdigit() and len(text) in {10, 12} and inn.is_valid(text):
        return "inn"
    if _is_phone(text):
        return "phone"
    if number_of(text, ".") is not None or number_of(text, ",") is not None:
        return "number"
    return ""


def _is_phone(text: str) -> bool:
    if text.isdigit():
        return bool(_PLAIN_PHONE.fullmatch(text))
    digits = sum(char.isdigit() for char in text)
    return 7 <= digits <= 21 and bool(_PHONE.fullmatch(text)) and any(char in text for char in "+()-– ")


def usual_kind(cells: Iterable[str]) -> tuple[str, float]:
    """The kind that most of the non-empty cells look like, and its share among them; ``("", 0.0)`` for free text."""
    kinds = Counter(kind_of(cell) for cell in cells if cell.strip())
    total = sum(kinds.values())
    kinds.pop("", None)
    if not kinds:
        return "", 0.0
    kind, count = kinds.most_common(1)[0]
    return kind, count / total
