"""Calendar days and times as people write them: taking them apart, and telling day-first from month-first."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from .shape import Guess

__all__ = ["AMBIGUOUS", "Written", "date_order", "day_of", "excel_day", "named_day", "take_apart"]

AMBIGUOUS = "ambiguous"

_WRITTEN = re.compile(
    r"(?P<a>\d{1,4})(?P<mark>[./-])(?P<b>\d{1,2})(?P=mark)(?P<c>\d{1,4})"
    r"(?:(?:[Tt]|,?[ \u00a0]+)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"[ \u00a0]?(?P<half>[AaPp]\.?[Mm]\.?)?[ \u00a0]?(?P<zone>[Zz]|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_DIGITS = {(1, 2), (2, 2), (1, 4), (2, 4), (4, 1), (4, 2)}
# Spreadsheets count days from here; the true beginning, 1 January 1900, is one day off because of a leap year that
# never was (ECMA-376, 18.17.4.1).
_EXCEL_EPOCH = dt.datetime(1899, 12, 30)
_EXCEL_DAYS = range(3_654, 109_575)
"""Serial numbers of 1910 to 2199: smaller numbers are rather numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The three numbers of a written date in their order, the mark between them and the time behind them."""

    numbers: tuple[int, int, int]
    year_first: bool
    mark: str
    time: dt.time | None
    zone: dt.tzinfo | None


def take_apart(text: str) -> Written | None:
    """The parts of a text that looks like a date, or None; whether such a day exists is not checked."""
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        return None
    a, c = match["a"], match["c"]
    if (len(a), len(c)) not in _DIGITS:
        return None
    time = _time(match)
    if match["hour"] and time is None:
        return None
    return Written(
        numbers=(int(a), int(match["b"]), int(c)),
        year_first=len(a) == 4,
        mark=match["mark"],
        time=time,
        zone=_zone(match["zone"]),
    )


def _time(match: re.Match[str]) -> dt.time | None:
    if not match["hour"]:
        return None
    hour = int(match["hour"])
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"][0] in "Pp" else 0)
    micro = int(f"{match['part'] or '':0<6.6}")
    try:
        return dt.time(hour, int(match["minute"]), int(match["second"] or 0), micro)
    except ValueError:
        return None


def _zone(text: str | None) -> dt.tzinfo | None:
    if not text:
        return None
    if not text[1:].replace(":", "").isdigit():
        return dt.UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    if minutes >= 24 * 60:
        return None
    return dt.timezone(dt.timedelta(minutes=-minutes if text[0] == "-" else minutes))


def day_of(written: Written, order: str) -> dt.date | None:
    """The day in the given order (``dmy``, ``mdy``; else only what can be read in one way); None if there is no such.

    Year-first dates need no order, and dates with dots are day-first wherever they are in use, unless the order says
    otherwise. Of two-digit years 69 to 99 are in the last century (POSIX).
    """
    a, b, c = written.numbers
    if written.year_first:
        return _day(a, b, c)
    year = c if c > 99 else c + (1900 if c >= 69 else 2000)
    if order == "mdy":
        return _day(year, a, b)
    if order == "dmy" or written.mark == "." or a > 12 or a == b:
        return _day(year, b, a)
    return _day(year, a, b) if b > 12 else None


def _day(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def excel_day(number: float) -> dt.datetime | None:
    """The moment of a spreadsheet's serial number, if it lies in a sensible range."""
    if int(number) not in _EXCEL_DAYS:
        return None
    return _EXCEL_EPOCH + dt.timedelta(seconds=round(number * 86_400))


def date_order(cells: Iterable[str]) -> Guess:
    """In which order the dates among the cells are written; ``ambiguous`` where nothing tells day from month."""
    votes: Counter[str] = Counter()
    for cell in cells:
        if written := take_apart(cell):
            votes[_vote(written)] += 1
    day_first, month_first = votes["dmy"], votes["mdy"]
    if day_first or month_first:
        order, other = ("dmy", "mdy") if day_first >= month_first else ("mdy", "dmy")
        share = round(max(day_first, month_first) / (day_first + month_first), 3)
        return Guess(value=order, confidence=share, alternatives=((other, round(1 - share, 3)),) if share < 1 else ())
    if votes["dots"]:
        return Guess(value="dmy", confidence=0.95, alternatives=(("mdy", 0.05),))
    if votes[AMBIGUOUS]:
        return Guess(value=AMBIGUOUS, confidence=0.5, alternatives=(("dmy", 0.5), ("mdy", 0.5)))
    return Guess(value="ymd")


def _vote(written: Written) -> str:
    a, b, _year = written.numbers
    if written.year_first:
        return "ymd"
    if a > 12 and b <= 12:
        return "dmy"
    if b > 12 and a <= 12:
        return "mdy"
    if a > 12 or a == b:
        return ""
    return "dots" if written.mark == "." else AMBIGUOUS


_MONTHS = ("янв", "фев", "мар", "апр", "ма", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_MONTHS_EN = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = (
    re.compile(r"(?P<day>\d{1,2})[ .-]+(?P<month>[^\W\d]{3,9})\.?[ ,-]+(?P<year>\d{4})(?:\s*(?:г|года)\.?)?"),
    re.compile(r"(?P<month>[^\W\d]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})"),
)


def named_day(text: str) -> dt.date | None:
    """The day of ``12 марта 2024 г.``, ``12-Mar-2024`` or ``March 12, 2024``."""
    match = next((found for pattern in _NAMED if (found := pattern.fullmatch(text.strip()))), None)
    if match is None:
        return None
    name = match["month"].lower()
    for names in (_MONTHS, _MONTHS_EN):
        for month, start in enumerate(names, 1):
            if name.startswith(start):
                return _day(int(match["year"]), month, int(match["day"]))
    return None
