"""Read the data rows of a file whose shape is known."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import dropwhile
from pathlib import Path
from types import TracebackType

from crm_core.text import messages

from .delimited import records
from .formula import unguard
from .lines import Lines, open_lines
from .shape import FileShape
from .table import MAX_COLUMNS, Cell, Row, column_letters, row_problem, too_many_columns
from .xlsx import load_sheet, open_workbook, sheet_rows

__all__ = ["TableRows", "open_rows"]

_ = messages("core")


class TableRows:
    """The data rows of one file, to iterate once; every sound row is as wide as ``headings``.

    Shorter rows are filled up and carry a warning; cells beyond the heading that hold something make the row a
    problem. Blank rows are left out. Close it, use it as a context manager, or read it to the end.
    """

    def __init__(
        self, raw: Iterator[Row], shape: FileShape, done: Callable[[], float], close: Callable[[], None]
    ) -> None:
        self._raw = raw
        self._unguard = shape.unguard
        self._done = done
        self._finished = False
        self._close = close
        first = next(raw, None) if shape.has_header else None
        self._width = max(shape.columns, len(first.values) if first else 0)
        if self._width > MAX_COLUMNS:
            self.close()
            raise too_many_columns(self._width)
        self.headings = self._headings(first.values if first else ())

    @property
    def done(self) -> float:
        """The share of the file that has been read, from 0 to 1."""
        return 1.0 if self._finished else min(self._done(), 1.0)

    def close(self) -> None:
        """End the reading; nothing happens the second time."""
        self._finished = True
        close, self._close = self._close, _nothing
        close()

    def __enter__(self) -> TableRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        row = None if self._finished else next(self._raw, None)
        if row is None:
            self.close()
            raise StopIteration
        if self._unguard:
            row = row._replace(values=_unguarded(row.values))
        return row if row.problem or len(row.values) == self._width else self._fit(row)

    def _fit(self, row: Row) -> Row:
        got, expected = len(row.values), self._width
        if got > MAX_COLUMNS:
            raise too_many_columns(got)
        if got < expected:
            text = _("This row has %(got)s cells instead of %(expected)s.", got=got, expected=expected)
            filled = row.values + ("",) * (expected - got)
            return row._replace(values=filled, warning=row_problem("short", text))
        if any(value != "" for value in row.values[expected:]):
            text = _("This row has %(got)s cells, but the heading has %(expected)s.", got=got, expected=expected)
            return row._replace(problem=row_problem("long", text))
        return row._replace(values=row.values[:expected])

    def _headings(self, values: tuple[Cell, ...]) -> tuple[str, ...]:
        """The heading of every column; where there is none, its letters as a spreadsheet shows them."""
        texts = [str(value).strip() for value in (_unguarded(values) if self._unguard else values)]
        texts += [""] * (self._width - len(texts))
        return tuple(text or column_letters(index) for index, text in enumerate(texts))


def _nothing() -> None:
    """Closes what is closed."""


def _unguarded(values: tuple[Cell, ...]) -> tuple[Cell, ...]:
    return tuple([unguard(value) if isinstance(value, str) and "'" in value else value for value in values])


def open_rows(path: Path, shape: FileShape) -> TableRows:
    """The data rows of the file; raises ``Invalid`` where it cannot be read as a whole.

    A text file is streamed in constant memory; of a workbook the sheet is held in memory, within the limits of
    ``archive``.
    """
    if shape.format == "xlsx":
        return _open_sheet(path, shape)
    file = open_lines(path, shape.encoding.value)
    size = max(path.stat().st_size, 1)
    lines = Lines(file)
    for _skipped in range(shape.skip_lines):
        next(lines, "")
    raw = records(lines, shape.separator.value, shape.quote.value)
    return TableRows(raw, shape, lambda: os.lseek(file.fileno(), 0, os.SEEK_CUR) / size, file.close)


def _open_sheet(path: Path, shape: FileShape) -> TableRows:
    workbook = open_workbook(path)
    sheet = load_sheet(workbook, shape.sheet)
    height = max(sheet.total_height, 1)
    last = 0

    def counted() -> Iterator[Row]:
        nonlocal last
        for row in sheet_rows(sheet):
            last = row.line
            yield row

    raw = dropwhile(lambda row: row.line <= shape.skip_lines, counted())
    return TableRows(raw, shape, lambda: last / height, workbook.close)
