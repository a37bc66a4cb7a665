"""Turn a cell into the value of a field, or into a problem that says in words what is wrong with it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from stdnum.ru import inn

from crm_core.errors import Problem
from crm_core.text import Msg, fold, messages

from .dates import day_of, excel_day, named_day, take_apart
from .numbers import number_of
from .table import Cell

__all__ = ["Reading", "Value", "choice_table", "convert", "split_values", "text_of"]

_ = messages("core")

Value = str | int | Decimal | bool | dt.date | dt.datetime | tuple[str, ...]

_YES = frozenset(("1", "yes", "y", "true", "t", "on", "x", "+", "v", "✓", "да", "д", "истина", "ок", "есть"))
_NO = frozenset(("0", "no", "n", "false", "f", "off", "-", "нет", "н", "ложь"))
# Marks at the edges that nobody sees: byte order mark, zero-width space and joiners, direction marks.
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
_EMAIL = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+\.[^\s@<>,;:.\"]{2,}")
_URL = re.compile(r"(?:https?://)?[^\s/@:]+\.[^\s/@:]{2,}(?::\d+)?(?:[/?#]\S*)?", re.IGNORECASE)
_PHONE = re.compile(
    r"(?:tel:)?\+?[\d\s()\[\]./–—-]{3,30}(?:[,;]?\s*(?:доб|ext|x|#|вн)[.=:]?\s*\d{1,8})?", re.IGNORECASE
)
_BETWEEN_VALUES = {
    "phone": re.compile(r"[;\n\r|]|,(?!\s*(?:доб|ext|x|#))|\s/\s"),
    "email": re.compile(r"[,;\s|]+"),
}
_BETWEEN_WORDS = re.compile(r"[,;\n\r|]")
_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the cells of one file are read: its decimal mark, its order of dates, the zone of times without one.

    ``choices`` are the folded codes and labels of a choice field with their code, see ``choice_table``.
    """

    decimal_mark: str = "."
    date_order: str = "ymd"
    zone: dt.tzinfo = dt.UTC
    choices: Mapping[str, str] = field(default_factory=dict)


def convert(cell: Cell, kind: str, reading: Reading) -> Value | Problem | None:
    """The value of the cell for a field of this kind; None for an empty cell.

    Text of an unknown kind (references too) comes back as cleaned text. An ``instant`` is aware and in UTC, a ``list``
    a tuple of texts, ``money`` a Decimal without its currency. The problem's ``id`` starts with ``cell.``.
    """
    if isinstance(cell, str) and not text_of(cell):
        return None
    return _CONVERTERS.get(kind, _text)(cell, reading)


def text_of(cell: Cell) -> str:
    """The cell as people would type it: composed characters (NFC), without invisible edges and without ``.0``."""
    if isinstance(cell, str):
        if cell.isascii():
            return cell.strip()
        return unicodedata.normalize("NFC", cell).strip().strip(_INVISIBLE).strip()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    return (
        cell.isoformat() if isinstance(cell, dt.date | dt.time) else format(cell, "f") if cell % 1 else str(int(cell))
    )


def choice_table(options: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    """What may be typed for a choice: for each code with its labels in all languages, the folded text and the code."""
    table: dict[str, str] = {}
    for code, labels in options:
        for text in (code, *labels):
            table.setdefault(fold(text), code)
    return table


def split_values(cell: Cell, kind: str) -> list[str]:
    """The single values of a cell of a field that may hold several: phones, e-mails, tags."""
    whole = text_of(cell)
    marks = _BETWEEN_VALUES.get(kind, _BETWEEN_WORDS)
    if not marks.search(whole):
        return [whole] if whole else []
    return [text for part in marks.split(whole) if (text := text_of(part))]


def _problem(name: str, message: Msg) -> Problem:
    return Problem(id=f"cell.{name}", message=message)


def _shown(cell: Cell) -> str:
    text = text_of(cell)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _text(cell: Cell, reading: Reading) -> Value:
    return " ".join(text_of(cell).split())


def _long_text(cell: Cell, reading: Reading) -> Value:
    return text_of(cell).replace("\r\n", "\n").replace("\r", "\n")


def _decimal(cell: Cell, reading: Reading) -> Decimal | Problem:
    if isinstance(cell, int | Decimal) and not isinstance(cell, bool):
        return Decimal(cell)
    number = number_of(text_of(cell), reading.decimal_mark) if isinstance(cell, str) else None
    return number if number is not None else _problem("number", _("“%(text)s” is not a number.", text=_shown(cell)))


def _int(cell: Cell, reading: Reading) -> Value | Problem:
    number = _decimal(cell, reading)
    if isinstance(number, Problem):
        return number
    if number % 1:
        return _problem("whole_number", _("“%(text)s” is not a whole number.", text=_shown(cell)))
    return int(number)


def _moment(cell: Cell, reading: Reading) -> dt.datetime | Problem:
    """The moment as written; naive where no zone is given, at midnight where no time is given."""
    if isinstance(cell, dt.datetime):
        return cell
    if isinstance(cell, dt.date):
        return dt.datetime.combine(cell, dt.time())
    if isinstance(cell, str):
        return _written_moment(text_of(cell), reading)
    serial = excel_day(float(cell)) if isinstance(cell, int | Decimal) and not isinstance(cell, bool) else None
    return serial or _problem("date", _("“%(text)s” is not a date.", text=_shown(cell)))


def _written_moment(text: str, reading: Reading) -> dt.datetime | Problem:
    written = take_apart(text)
    if written is None:
        day = named_day(text)
        serial = excel_day(float(text)) if re.fullmatch(r"\d{4,6}(?:\.\d{1,12})?", text) else None
        moment = dt.datetime.combine(day, dt.time()) if day else serial
        return moment or _problem("date", _("“%(text)s” is not a date.", text=_shown(text)))
    if day := day_of(written, reading.date_order):
        return dt.datetime.combine(day, written.time or dt.time(), written.zone)
    if reading.date_order not in {"dmy", "mdy"} and day_of(written, "dmy"):
        return _problem("date_order", _("“%(text)s”: choose whether the day or the month comes first.", text=text))
    return _problem("date", _("“%(text)s” is not a date.", text=_shown(text)))


def _day(cell: Cell, reading: Reading) -> Value | Problem:
    moment = _moment(cell, reading)
    return moment if isinstance(moment, Problem) else moment.date()


def _instant(cell: Cell, reading: Reading) -> Value | Problem:
    moment = _moment(cell, reading)
    if isinstance(moment, Problem):
        return moment
    aware = moment if moment.tzinfo else moment.replace(tzinfo=reading.zone)
    try:
        return aware.astimezone(dt.UTC)
    except OverflowError:
        return _problem("date", _("“%(text)s” is not a date.", text=_shown(cell)))


def _bool(cell: Cell, reading: Reading) -> Value | Problem:
    word = text_of(cell).lower()
    if word in _YES or word in _NO:
        return word in _YES
    return _problem("bool", _("“%(text)s” is neither yes nor no.", text=_shown(cell)))


def _choice(cell: Cell, reading: Reading) -> Value | Problem:
    code = reading.choices.get(fold(text_of(cell)))
    return code if code is not None else _problem("choice", _("“%(text)s” is not in the list.", text=_shown(cell)))


def _email(cell: Cell, reading: Reading) -> Value | Problem:
    text = text_of(cell)
    if text.endswith(">") and "<" in text:
        text = text[text.rindex("<") + 1 : -1]
    text = text.removeprefix("mailto:").strip()
    return text if _EMAIL.fullmatch(text) else _problem("email", _("“%(text)s” is not an e-mail.", text=_shown(cell)))


def _phone(cell: Cell, reading: Reading) -> Value | Problem:
    text = text_of(cell)
    if _PHONE.fullmatch(text) and sum(map(str.isdigit, text)) >= 3:
        return text.removeprefix("tel:")
    return _problem("phone", _("“%(text)s” is not a phone number.", text=_shown(cell)))


def _url(cell: Cell, reading: Reading) -> Value | Problem:
    text = text_of(cell)
    return text if _URL.fullmatch(text) else _problem("url", _("“%(text)s” is not a web address.", text=_shown(cell)))


def _list(cell: Cell, reading: Reading) -> Value:
    return tuple(dict.fromkeys(" ".join(text.split()) for text in split_values(cell, "list")))


def _register_number(cell: Cell, reading: Reading) -> Value:
    return re.sub(r"[\s\u00a0-]", "", text_of(cell))


def _inn(cell: Cell, reading: Reading) -> Value:
    """Spreadsheets eat the leading zero of a number; it is given back where that makes the check digits right."""
    digits = re.sub(r"[\s\u00a0-]", "", text_of(cell))
    return f"0{digits}" if len(digits) in {9, 11} and inn.is_valid(f"0{digits}") else digits


def _kpp(cell: Cell, reading: Reading) -> Value:
    digits = re.sub(r"[\s\u00a0-]", "", text_of(cell))
    return digits.zfill(9) if digits.isdigit() and len(digits) == 8 else digits


_CONVERTERS: Mapping[str, Callable[[Cell, Reading], Value | Problem]] = {
    "text": _text,
    "longtext": _long_text,
    "int": _int,
    "decimal": _decimal,
    "money": _decimal,
    "day": _day,
    "instant": _instant,
    "bool": _bool,
    "choice": _choice,
    "email": _email,
    "phone": _phone,
    "url": _url,
    "list": _list,
    "inn": _inn,
    "kpp": _kpp,
    "ogrn": _register_number,
    "vat": _register_number,
}
