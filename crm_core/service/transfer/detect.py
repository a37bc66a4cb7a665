"""Find out how a file is written: its format by its content, and the shape of a text table."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from crm_core.text import messages

from .dates import date_order
from .dialect import (
    Layout,
    declares_separator,
    guess_header,
    guess_line_end,
    guess_quote,
    guess_separator,
    lay_out,
    sample_rows,
)
from .encoding import detect_encoding
from .lines import open_lines
from .numbers import decimal_mark
from .shape import FileShape, Guess, checked_choice
from .table import MAX_COLUMNS, Row, too_many_columns, unreadable
from .xlsx import open_workbook, sample_sheet, sheet_names

__all__ = ["detect", "file_format"]

_ = messages("core")

_SAMPLE_CHARS = 1 << 20
_SAMPLE_ROWS = 2_000
_HEAD = 1 << 16
_CONTROL = bytes(set(range(32)) - {9, 10, 12, 13, 26, 27})
_CARD = re.compile(rb"^\s*(?:item\d+\.)?BEGIN\s*:\s*VCARD", re.IGNORECASE | re.MULTILINE)
_HTML = re.compile(rb"\s*<(?:!doctype html|html|table|\?xml)", re.IGNORECASE)


def file_format(path: Path) -> str:
    """``delimited``, ``xlsx`` or ``vcard``, by the content; the name of the file says nothing.

    Raises ``Invalid`` for an empty file and for anything that is none of these.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise unreadable("file.empty", _("The file is empty."))
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise unreadable(
            "file.old_excel",
            _("The file is in the old Excel format or protected by a password."),
            _("Open it in a spreadsheet program and save it as .xlsx without a password."),
        )
    if _CARD.search(head) or _CARD.search(head.replace(b"\x00", b"")):
        return "vcard"
    _refuse_other_things(head)
    return "delimited"


def _refuse_other_things(head: bytes) -> None:
    if _HTML.match(head):
        raise unreadable(
            "file.html",
            _("The file is a web page or an XML file, not a table."),
            _("Open it in a spreadsheet program and save it as .xlsx or CSV."),
        )
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE))
    controls = len(head) - len(head.translate(None, _CONTROL))
    # UTF-16 without a mark is full of zero bytes too, but then hardly of other control characters.
    zeros_and_fours = head.count(0) + head.count(4)
    if head.startswith(b"%PDF") or (not wide and controls - zeros_and_fours > len(head) / 50):
        raise unreadable("file.not_text", _("The file is neither a table, nor a workbook, nor a file of vCards."))


def detect(path: Path, chosen: Mapping[str, str] | None = None) -> FileShape:
    """The shape of a text table or of a workbook, everything with its confidence and alternatives.

    ``chosen`` holds what a person has decided already, by the names of ``shape.CHOICES`` and ``sheet``; it is taken as
    certain and the rest is found to fit. Raises ``Invalid`` where the file as a whole cannot be a table.
    """
    decided = dict(chosen or {})
    sheet = decided.pop("sheet", None)
    fixed = {name: Guess(value=checked_choice(name, value)) for name, value in decided.items()}
    kind = file_format(path)
    if kind == "vcard":
        raise unreadable("file.vcard", _("The file holds vCards, not a table."))
    return _workbook(path, sheet, fixed) if kind == "xlsx" else _text(path, fixed)


def _text(path: Path, fixed: Mapping[str, Guess]) -> FileShape:
    encoding = fixed.get("encoding") or detect_encoding(path)
    sample = _sample(path, encoding.value)
    quote = fixed.get("quote") or guess_quote(sample)
    separator = fixed.get("separator") or guess_separator(sample, quote.value)
    layout = lay_out(sample_rows(sample, separator.value, quote.value), declares_separator(sample))
    if not layout.rows:
        raise unreadable("file.empty", _("The file is empty."))
    if layout.columns > MAX_COLUMNS:
        raise too_many_columns(layout.columns)
    written = FileShape(
        encoding=encoding, separator=separator, quote=quote, line_end=fixed.get("line_end") or guess_line_end(sample)
    )
    return _with_layout(written, layout, fixed)


def _workbook(path: Path, sheet: str | None, fixed: Mapping[str, Guess]) -> FileShape:
    with open_workbook(path) as workbook:
        sheets = sheet_names(workbook)
        name, rows = sample_sheet(workbook, sheet, _SAMPLE_ROWS)
    layout = lay_out(rows)
    return _with_layout(FileShape(format="xlsx", sheet=name, sheets=sheets, unguard=False), layout, fixed)


def _with_layout(shape: FileShape, layout: Layout, fixed: Mapping[str, Guess]) -> FileShape:
    """The shape completed by what the rows show: heading, decimal mark, order of dates, width."""
    header = fixed.get("header") or guess_header(layout.rows)
    cells = _cells(layout.rows[1:] if header.value == "yes" else layout.rows)
    return replace(
        shape,
        header=header,
        decimal_mark=fixed.get("decimal_mark") or decimal_mark(cells, shape.separator.value),
        date_order=fixed.get("date_order") or date_order(cells),
        skip_lines=layout.skip_lines,
        columns=layout.columns,
    )


def _sample(path: Path, encoding: str) -> str:
    """The beginning of the file, up to a line end."""
    with open_lines(path, encoding) as file:
        sample = file.read(_SAMPLE_CHARS)
        if len(sample) < _SAMPLE_CHARS:
            return sample
    end = max(sample.rfind("\n"), sample.rfind("\r"))
    return sample[: end + 1] if end > 0 else sample


def _cells(rows: list[Row]) -> list[str]:
    """The short cells with a digit: numbers and dates are among them."""
    return [
        value
        for row in rows
        for value in row.values
        if isinstance(value, str) and 2 < len(value) < 40 and any(map(str.isdigit, value))
    ]
