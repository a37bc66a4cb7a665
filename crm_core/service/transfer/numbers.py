"""Numbers as people write them: 1 234,50 ₽, $1,234.50, (15), and which of comma and dot is the decimal mark."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from .shape import Guess

__all__ = ["currency_of", "decimal_mark", "number_of"]

_SPACES = " \u00a0\u202f\u2009'’"
_CURRENCIES = {
    "₽": "RUB", "руб": "RUB", "р": "RUB", "rub": "RUB", "rur": "RUB", "$": "USD", "usd": "USD", "us$": "USD",
    "€": "EUR", "eur": "EUR", "евро": "EUR", "£": "GBP", "gbp": "GBP", "₴": "UAH", "uah": "UAH", "₸": "KZT",
    "kzt": "KZT", "¥": "CNY", "cny": "CNY", "юаней": "CNY", "byn": "BYN", "chf": "CHF", "рублей": "RUB", "руб.": "RUB",
    "р.": "RUB",
}  # fmt: skip
_SIGNS = "|".join(sorted((re.escape(sign) for sign in _CURRENCIES), key=len, reverse=True))
_AMOUNT = re.compile(
    rf"(?P<sign>[-+−–(]?)\s*(?P<before>{_SIGNS})?\s*(?P<sign2>[-−]?)"
    rf"(?P<digits>\d[\d.,{_SPACES}]*(?:[eE][-+]?\d{{1,2}})?|[.,]\d+)\s*(?P<after>{_SIGNS})?\s*(?P<close>\)?)",
    re.IGNORECASE,
)
_GROUPS = {
    ".": re.compile(rf"\d{{1,3}}(?:[,{_SPACES}]\d{{3}})+(?:\.\d*)?"),
    ",": re.compile(rf"\d{{1,3}}(?:[.{_SPACES}]\d{{3}})+(?:,\d*)?"),
}
_PLAIN = {".": re.compile(r"\d*(?:\.\d*)?(?:[eE][-+]?\d+)?"), ",": re.compile(r"\d*(?:,\d*)?(?:[eE][-+]?\d+)?")}


def number_of(text: str, mark: str) -> Decimal | None:
    """The number that is written with ``mark`` before its fraction; None if it is not one.

    Digits may be grouped in threes by spaces or by the other mark; currency signs, a minus of any kind and
    bookkeepers' brackets are understood. A number with the other mark as its fraction is refused, not reinterpreted.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or (match["sign"] == "(") != (match["close"] == ")"):
        return None
    digits = match["digits"].strip(_SPACES)
    if not (_PLAIN[mark].fullmatch(digits) or _GROUPS[mark].fullmatch(digits)):
        return None
    other = "," if mark == "." else "."
    plain = re.sub(f"[{_SPACES}{other}]", "", digits).replace(mark, ".")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return None
    negative = match["sign"] in {"-", "−", "–", "("} or match["sign2"]
    return -number if negative else number


def currency_of(text: str) -> str | None:
    """The ISO 4217 code of the currency sign in an amount, if it has one."""
    match = _AMOUNT.fullmatch(text.strip())
    sign = (match["before"] or match["after"]) if match else None
    return _CURRENCIES[sign.lower()] if sign else None


def decimal_mark(cells: Iterable[str], separator: str) -> Guess:
    """Comma or dot, by the numbers among the cells that can be read in one way only.

    Without such numbers it is the habit of the separator: files with semicolons come from countries with commas.
    """
    votes: Counter[str] = Counter()
    for cell in cells:
        if ("," in cell or "." in cell) and _AMOUNT.fullmatch(cell.strip()):
            votes[_vote(cell)] += 1
    comma, dot = votes[","], votes["."]
    if comma or dot:
        value, other = (",", ".") if comma > dot else (".", ",")
        share = round(max(comma, dot) / (comma + dot), 3)
        return Guess(value=value, confidence=share, alternatives=((other, round(1 - share, 3)),) if share < 1 else ())
    habit, other = (",", ".") if separator == ";" else (".", ",")
    unclear = votes["both"] > 0
    return Guess(value=habit, confidence=0.5 if unclear else 0.9, alternatives=((other, 0.5 if unclear else 0.1),))


def _vote(cell: str) -> str:
    as_comma, as_dot = number_of(cell, ","), number_of(cell, ".")
    if as_comma is not None and as_dot is not None:
        return "both" if as_comma != as_dot else ""
    return "," if as_comma is not None else "." if as_dot is not None else ""
