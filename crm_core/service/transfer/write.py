"""Write tables for people: CSV and Excel files in which no text is taken for a formula."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Protocol

import xlsxwriter

from .formula import guard
from .numbers import number_of
from .table import Cell

__all__ = ["Column", "CsvStyle", "CsvTable", "ErrorTable", "Table", "XlsxTable"]

_NUMERIC = frozenset({"int", "decimal", "money"})
_EXCEL_ROWS = 1_048_576
_EXCEL_CHARS = 32_767
_EXCEL_DIGITS = 15
_EXCEL_FIRST_YEAR = 1900


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a written table: its heading in the reader's language and the kind of its field."""

    title: str
    kind: str = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvStyle:
    """How a CSV file is written.

    ``utf-8-sig`` is what Excel recognises by itself; ``cp1251`` is for older programs. Dates are ISO 8601 or, with
    ``day_first``, dd.mm.yyyy.
    """

    encoding: str = "utf-8-sig"
    separator: str = ";"
    decimal_mark: str = ","
    day_first: bool = False


class Table(Protocol):
    """Takes the rows of a table one by one; ``altered`` counts the cells that the format could not hold as they are."""

    altered: int

    def add(self, values: Sequence[Cell | None]) -> None: ...

    def close(self) -> None: ...


class CsvTable:
    """A CSV file: CRLF line ends, doubled quotation marks, every text guarded (see ``formula``).

    Reading the file back with ``open_rows`` gives the same texts. Numbers, and texts in numeric columns that are
    numbers, are not guarded, so that a minus stays a minus. Characters that the encoding lacks become ``?`` and are
    counted in ``altered``.
    """

    def __init__(self, path: Path, columns: Sequence[Column], style: CsvStyle | None = None) -> None:
        self._style = style or CsvStyle()
        self._kinds = [column.kind for column in columns]
        self._line = io.StringIO(newline="")
        self._writer = csv.writer(self._line, delimiter=self._style.separator, lineterminator="\r\n")
        self._encoding = self._style.encoding
        self._file = path.open("wb")
        self.altered = 0
        self._write([guard(column.title) for column in columns])
        # The mark of the encoding stands only before the first line.
        self._encoding = self._encoding.removesuffix("-sig")

    def __enter__(self) -> CsvTable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, values: Sequence[Cell | None]) -> None:
        """Append one row."""
        self._write([self._text(value, kind) for value, kind in zip(values, self._kinds, strict=True)])

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def _write(self, texts: list[str]) -> None:
        self._writer.writerow(texts)
        line = self._line.getvalue()
        self._line.seek(0)
        self._line.truncate()
        try:
            data = line.encode(self._encoding)
        except UnicodeEncodeError:
            self.altered += sum(1 for text in texts if not _fits(text, self._encoding))
            data = line.encode(self._encoding, "replace")
        self._file.write(data)

    def _text(self, value: Cell | None, kind: str) -> str:
        if value is None or value == "":
            return ""
        if isinstance(value, str):
            numeric = kind in _NUMERIC and number_of(value, self._style.decimal_mark) is not None
            return value if numeric else guard(value)
        return csv_text(value, self._style)


def csv_text(value: int | Decimal | bool | dt.date | dt.time, style: CsvStyle) -> str:
    """A value that is no text, as it stands in a CSV file; yes and no are 1 and 0."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | Decimal):
        return format(value, "f" if isinstance(value, Decimal) else "d").replace(".", style.decimal_mark)
    if isinstance(value, dt.datetime):
        day = f"{value:%d.%m.}{value.year:04}" if style.day_first else value.date().isoformat()
        zone = "Z" if value.tzinfo is dt.UTC else value.strftime("%z")
        return f"{day} {value:%H:%M:%S}{zone}"
    if isinstance(value, dt.date):
        return f"{value:%d.%m.}{value.year:04}" if style.day_first else value.isoformat()
    return value.isoformat()


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


class XlsxTable:
    """An Excel workbook, written row by row in constant memory; the heading stays in view.

    Texts are stored as texts, never as formulas or links. Numbers of more than 15 digits, which Excel would round, are
    stored as texts. Texts beyond Excel's 32,767 characters are cut and counted in ``altered``. A second sheet begins
    where the first is full. Instants are shown in ``zone``.
    """

    def __init__(self, path: Path, columns: Sequence[Column], zone: dt.tzinfo = dt.UTC) -> None:
        self._columns = columns
        self._zone = zone
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._bold = self._book.add_format({"bold": True})
        self._day = self._book.add_format({"num_format": "dd.mm.yyyy"})
        self._instant = self._book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        self._row = _EXCEL_ROWS
        self.altered = 0
        self._next_sheet()

    def __enter__(self) -> XlsxTable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, values: Sequence[Cell | None]) -> None:
        """Append one row."""
        if self._row >= _EXCEL_ROWS:
            self._next_sheet()
        for index, (value, _column) in enumerate(zip(values, self._columns, strict=True)):
            if value is not None and value != "":
                self._put(index, value)
        self._row += 1

    def close(self) -> None:
        """Finish the file."""
        self._book.close()

    def _next_sheet(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        for index, column in enumerate(self._columns):
            self._sheet.set_column(index, index, min(max(len(column.title) + 2, 10), 40))
            self._sheet.write_string(0, index, column.title, self._bold)
        self._row = 1

    def _put(self, index: int, value: Cell) -> None:
        if isinstance(value, str):
            self._put_text(index, value)
        elif isinstance(value, bool):
            self._sheet.write_boolean(self._row, index, value)
        elif isinstance(value, int | Decimal):
            self._put_number(index, value)
        elif isinstance(value, dt.time) or value.year < _EXCEL_FIRST_YEAR:
            self._put_text(index, value.isoformat())
        elif isinstance(value, dt.datetime):
            local = value.astimezone(self._zone).replace(tzinfo=None) if value.tzinfo else value
            self._sheet.write_datetime(self._row, index, local, self._instant)
        else:
            self._sheet.write_datetime(self._row, index, value, self._day)

    def _put_text(self, index: int, text: str) -> None:
        if len(text) > _EXCEL_CHARS:
            self.altered += 1
            text = text[:_EXCEL_CHARS]
        self._sheet.write_string(self._row, index, text)

    def _put_number(self, index: int, number: int | Decimal) -> None:
        digits = len(Decimal(number).normalize().as_tuple().digits)
        if digits > _EXCEL_DIGITS:
            self._put_text(index, format(number, "f" if isinstance(number, Decimal) else "d"))
        else:
            self._sheet.write_number(self._row, index, float(number))


class ErrorTable:
    """The rows of an import that were refused: their cells as they stood in the file, and why in one more column.

    Corrected, the file can be imported again as it is; the column of reasons is the last.
    """

    def __init__(self, table: Table, width: int) -> None:
        self._table = table
        self._width = width

    @classmethod
    def columns(cls, headings: Sequence[str], reason: str) -> list[Column]:
        """The columns of the table to write into; ``reason`` is the heading of the last."""
        return [Column(title=title) for title in (*headings, reason)]

    def add(self, values: Sequence[Cell], reasons: Sequence[str]) -> None:
        """Append one row with its reasons, already in the reader's language; cells beyond the heading are joined."""
        cells: list[Cell | None] = list(values[: self._width])
        cells += [""] * (self._width - len(cells))
        beyond = [str(value) for value in values[self._width :] if value != ""]
        self._table.add([*cells, "; ".join([*reasons, *beyond])])
