"""Rows of an Excel workbook: dates as dates, whole numbers without ``.0``, formulas as their results."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from crm_core.errors import Problem
from crm_core.text import messages

from .archive import check_contents, check_directory
from .table import Cell, Row, row_problem, unreadable

__all__ = ["load_sheet", "open_workbook", "sample_sheet", "sheet_names", "sheet_rows"]

_ = messages("core")

_Raw = str | int | float | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def open_workbook(path: Path) -> CalamineWorkbook:
    """The workbook, after the checks of ``archive``; raises ``Invalid`` where it is none or not a safe one.

    Entities of XML are never resolved: the library knows only the five built-in ones, and a declaration is refused.
    """
    check_directory(path)
    check_contents(path)
    try:
        return CalamineWorkbook.from_path(str(path))
    except CalamineError as error:
        raise unreadable("file.damaged", _("The workbook is damaged and cannot be opened.")) from error


def sheet_names(workbook: CalamineWorkbook) -> tuple[str, ...]:
    """The visible sheets with cells, or the hidden ones where all are hidden."""
    sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    visible = [sheet.name for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible]
    return tuple(visible or [sheet.name for sheet in sheets])


def sample_sheet(workbook: CalamineWorkbook, wanted: str | None, limit: int) -> tuple[str, list[Row]]:
    """The wanted sheet, or the first that is not empty, with its first rows; raises ``Invalid`` where there is none."""
    sheets = sheet_names(workbook)
    if wanted is not None and wanted not in sheets:
        raise unreadable("file.no_sheet", _("The workbook has no sheet “%(name)s”.", name=wanted))
    for name in [wanted] if wanted is not None else sheets:
        if rows := list(islice(sheet_rows(load_sheet(workbook, name)), limit)):
            return name, rows
    raise unreadable("file.empty", _("The file is empty."))


def load_sheet(workbook: CalamineWorkbook, name: str) -> CalamineSheet:
    """All cells of a sheet; raises ``Invalid`` where it is damaged or not there any more."""
    try:
        return workbook.get_sheet_by_name(name)
    except CalamineError as error:
        raise unreadable("file.damaged", _("The workbook is damaged and cannot be opened.")) from error


def sheet_rows(sheet: CalamineSheet) -> Iterator[Row]:
    """The rows of a sheet that are not blank, with their row number in the sheet."""
    for number, raw in enumerate(sheet.iter_rows(), 1):
        values = tuple([value if type(value) is str else _cell(value) for value in raw])
        if any(value != "" for value in values):
            yield Row(number, values, _damage(values))


def _damage(values: tuple[Cell, ...]) -> Problem | None:
    if any(isinstance(value, str) and "\x00" in value for value in values):
        return row_problem("zero_character", _("This row holds zero characters; the file is damaged here."))
    return None


def _cell(raw: _Raw) -> Cell:
    """Numbers as they are shown: Excel keeps and shows fifteen digits, the rest is noise of binary fractions."""
    if isinstance(raw, float):
        return int(raw) if raw.is_integer() and abs(raw) < 1e15 else Decimal(format(raw, ".15g"))
    if isinstance(raw, dt.timedelta):
        minutes, seconds = divmod(round(raw.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return raw
