"""What every reader of tables gives: rows of cells with their place in the file, within fixed limits."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from crm_core.errors import Invalid, Problem
from crm_core.text import Msg, messages

__all__ = [
    "MAX_CELL_CHARS",
    "MAX_COLUMNS",
    "MAX_LINE_CHARS",
    "Cell",
    "Row",
    "column_letters",
    "row_problem",
    "too_many_columns",
    "unreadable",
]

_ = messages("core")

MAX_COLUMNS = 1_000
"""More columns than this are no client list but a damaged or hostile file."""

MAX_CELL_CHARS = 131_072
"""The longest cell that is read: the default of Python's csv module, four times what Excel can hold."""

MAX_LINE_CHARS = 4_194_304
"""The longest line that is held in memory; of a longer one only its number is reported."""

Cell = str | int | Decimal | bool | dt.datetime | dt.date | dt.time
"""Text files give text only, workbooks also numbers, dates and yes/no; an empty cell is ``""``."""


class Row(NamedTuple):
    """One data row as it stands in the file.

    ``line`` is the physical line (of a workbook: the row of the sheet) at which it begins, counted from 1.
    With a ``problem`` the row must not be imported; a ``warning`` may be shown and ignored.
    """

    line: int
    values: tuple[Cell, ...]
    problem: Problem | None = None
    warning: Problem | None = None


def unreadable(id: str, message: Msg, hint: Msg | None = None) -> Invalid:
    """The error for a file that cannot be read as a whole; ``id`` is stable and starts with ``file.``."""
    return Invalid([Problem(id=id, message=message, hint=hint)])


def too_many_columns(width: int) -> Invalid:
    """The error for a table that is too wide to be one."""
    return unreadable(
        "file.too_many_columns",
        _("The file has %(got)s columns; at most %(limit)s are read.", got=width, limit=MAX_COLUMNS),
        _("Check the separator, or remove the columns that you do not need."),
    )


def row_problem(name: str, message: Msg) -> Problem:
    """A problem of one row; its id starts with ``row.``."""
    return Problem(id=f"row.{name}", message=message)


def column_letters(index: int) -> str:
    """The name that spreadsheets give to a column (0 is ``A``, 26 is ``AA``): it stands for a missing heading."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
