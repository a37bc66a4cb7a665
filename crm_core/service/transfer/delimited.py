"""Rows of a text file with separators: streamed, and one bad row never stops or swallows the others."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from crm_core.errors import Problem
from crm_core.text import messages

from .lines import Lines
from .table import MAX_CELL_CHARS, Row, row_problem

__all__ = ["records"]

_ = messages("core")


def records(lines: Lines, separator: str, quote: str) -> Iterator[Row]:
    """All records that are not blank, of whatever width.

    Where quotation marks do not pair up, only the line in which the trouble begins is lost: the lines behind it are
    read again as rows of their own. The lost line is the only value of its row.
    """
    if quote:
        reader = csv.reader(lines, delimiter=separator, quotechar=quote, strict=True)
    else:
        reader = csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE, strict=True)
    while True:
        start = lines.begin_record()
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            text = lines.taken[0].rstrip("\r\n") if lines.taken else ""
            yield Row(start, (text[:MAX_CELL_CHARS],), _broken(lines, str(error)))
            continue
        problem = _damage(lines)
        if problem or any(values):
            yield Row(start, tuple(values), problem)


def _broken(lines: Lines, reason: str) -> Problem:
    if len(lines.taken) > 1:
        lines.give_back_all_but_first()
    elif "field limit" in reason:
        return row_problem("cell_too_long", _("A cell holds more than %(limit)s characters.", limit=MAX_CELL_CHARS))
    return row_problem("quotes", _("The quotation marks in this row are not closed or not doubled."))


def _damage(lines: Lines) -> Problem | None:
    """What makes a row unusable although it could be split into cells."""
    for line in lines.taken:
        if line is Lines.too_long:
            return row_problem("line_too_long", _("This row is too long to be read."))
        if "\x00" in line:
            return row_problem("zero_character", _("This row holds zero characters; the file is damaged here."))
        if "\ufffd" in line:
            return row_problem("undecodable", _("This row holds characters that do not fit the chosen encoding."))
    return None
