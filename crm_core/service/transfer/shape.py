"""How a file of rows is written: what was detected, how surely, and what else it could be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from crm_core.text import messages

from .table import unreadable

__all__ = ["CERTAIN_ENOUGH", "CHOICES", "FileShape", "Guess"]

_ = messages("core")

CERTAIN_ENOUGH = 0.8
"""Below this confidence the screen asks instead of going on silently."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "encoding": (
        "utf-8",
        "utf-8-sig",
        "cp1251",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "koi8-r",
        "cp866",
        "iso8859-5",
        "mac-cyrillic",
        "cp1252",
        "latin-1",
    ),
    "separator": (";", ",", "\t", "|"),
    "quote": ('"', "'", ""),
    "line_end": ("crlf", "lf", "cr", "mixed"),
    "header": ("yes", "no"),
    "decimal_mark": (",", "."),
    "date_order": ("dmy", "mdy", "ymd", "ambiguous"),
}
"""What a person may choose for each detected property; encodings are names of Python codecs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A detected value with its confidence (0 to 1) and the next best values, best first."""

    value: str
    confidence: float = 1.0
    alternatives: tuple[tuple[str, float], ...] = ()

    @property
    def doubtful(self) -> bool:
        """Whether a person should look at the value before it is used."""
        return self.confidence < CERTAIN_ENOUGH

    def to_json(self) -> dict[str, Any]:
        """The guess as plain data."""
        return {
            "value": self.value,
            "confidence": self.confidence,
            "alternatives": [list(pair) for pair in self.alternatives],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Guess:
        """The inverse of ``to_json``."""
        pairs = tuple((str(value), float(confidence)) for value, confidence in data["alternatives"])
        return cls(value=data["value"], confidence=data["confidence"], alternatives=pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileShape:
    """Everything that is needed to read the rows of one file, in a form that can be stored and changed.

    ``format`` is ``delimited`` or ``xlsx``. ``skip_lines`` physical lines (a title, Excel's ``sep=`` line) stand before
    the heading. ``columns`` is the width of the table. ``unguard`` takes away the apostrophe that spreadsheets
    programs and this one put before a text that could be taken for a formula (see ``formula``).
    ``sheet`` is one of ``sheets`` and only means something for a workbook.
    """

    format: str = "delimited"
    encoding: Guess = Guess(value="utf-8")
    separator: Guess = Guess(value=",")
    quote: Guess = Guess(value='"')
    line_end: Guess = Guess(value="lf")
    header: Guess = Guess(value="yes")
    decimal_mark: Guess = Guess(value=".")
    date_order: Guess = Guess(value="ymd")
    skip_lines: int = 0
    columns: int = 0
    unguard: bool = True
    sheet: str = ""
    sheets: tuple[str, ...] = ()

    @property
    def doubts(self) -> tuple[str, ...]:
        """The names of the properties that a person should confirm, in the order of ``CHOICES``."""
        return tuple(name for name in CHOICES if getattr(self, name).doubtful)

    @property
    def has_header(self) -> bool:
        """Whether the first row holds the headings."""
        return self.header.value == "yes"

    def choose(self, **chosen: str) -> FileShape:
        """The shape with values chosen by a person, which are certain; raises ``Invalid`` for an unknown value.

        It changes nothing else: after another encoding or separator call ``detect(path, chosen)`` instead.
        """
        changed: dict[str, Any] = {name: Guess(value=checked_choice(name, value)) for name, value in chosen.items()}
        return replace(self, **changed)

    def to_json(self) -> dict[str, Any]:
        """The shape as plain data for the database and the screen."""
        plain: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            plain[each.name] = value.to_json() if isinstance(value, Guess) else value
        return plain | {"sheets": list(self.sheets)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FileShape:
        """The inverse of ``to_json``."""
        values: dict[str, Any] = {
            name: Guess.from_json(value) if name in CHOICES else value for name, value in data.items()
        }
        return cls(**{**values, "sheets": tuple(data["sheets"])})


def checked_choice(name: str, value: str) -> str:
    """The value, if a person may choose it for this property; raises ``Invalid`` otherwise."""
    if value not in CHOICES.get(name, ()):
        raise unreadable(
            "file.unknown_choice", _("“%(value)s” cannot be chosen for “%(name)s”.", value=value, name=name)
        )
    return value
