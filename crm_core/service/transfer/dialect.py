"""Find the separator, the quotation mark, the line end and the heading of a text table from a sample of it."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from .delimited import records
from .lines import Lines
from .shape import CHOICES, Guess
from .sniff import kind_of, usual_kind
from .synonyms import is_known_heading
from .table import Row

__all__ = [
    "Layout",
    "declares_separator",
    "guess_header",
    "guess_line_end",
    "guess_quote",
    "guess_separator",
    "lay_out",
    "sample_rows",
]

_SAMPLE_ROWS = 2_000
_SCORED_ROWS = 300
_TITLE_LINES = 10
_TOO_UNEVEN = 0.3
_DOUBLE = re.compile(r"(?:^|[;,\t|])\"", re.MULTILINE)
_SINGLE = re.compile(r"(?:^|[;,\t|])'[^'\r\n]*'(?=[;,\t|\r\n]|\Z)", re.MULTILINE)
_EXCEL_SEP = re.compile(r"\ufeff?\"?sep=(?P<sep>.)\"?[\r\n]+", re.IGNORECASE)


def sample_rows(sample: str, separator: str, quote: str, limit: int = _SAMPLE_ROWS) -> list[Row]:
    """The first rows of the sample."""
    return list(islice(records(Lines(io.StringIO(sample, newline="")), separator, quote), limit))


def guess_separator(sample: str, quote: str) -> Guess:
    """The separator that cuts the rows, and above all the heading, into equally many cells."""
    if declared := _EXCEL_SEP.match(sample):
        return Guess(value=declared["sep"]) if declared["sep"] in CHOICES["separator"] else Guess(value=",")
    scores = {each: _evenness(sample_rows(sample, each, quote, _SCORED_ROWS)) for each in ("\t", ";", "|", ",")}
    best = max(scores, key=lambda each: round(scores[each], 1))
    if scores[best] < _TOO_UNEVEN:
        absent = [each for each in (",", ";", "\t", "|") if each not in sample]
        return Guess(value=absent[0] if absent else "|", confidence=0.95 if absent else 0.5)
    others = sorted(((each, score) for each, score in scores.items() if each != best and score), key=lambda p: -p[1])
    rival = max((score for _, score in others), default=0.0)
    confidence = scores[best] * (0.7 if rival > 0.9 * scores[best] else 1.0)
    return Guess(
        value=best,
        confidence=round(confidence, 3),
        alternatives=tuple((each, round(score * 0.7, 3)) for each, score in others),
    )


def _evenness(rows: list[Row]) -> float:
    """The share of rows that are as wide as most; nothing for a single column, half where the heading differs."""
    widths = [len(row.values) for row in rows if not row.problem]
    wide = [width for width in widths if width > 1]
    if not wide:
        return 0.0
    (usual, count), *_ = Counter(wide).most_common(1)
    return count / len(rows) * (1.0 if widths[0] == usual else 0.5)


def guess_quote(sample: str) -> Guess:
    """The mark that encloses cells: the double one unless only single ones stand at the edges of cells."""
    # Most files hold no marks at all: finding that out is a thousand times quicker than looking at every cell.
    double = len(_DOUBLE.findall(sample)) if '"' in sample else 0
    single = len(_SINGLE.findall(sample)) if "'" in sample else 0
    if single and not double:
        lines = sample.count("\n") + sample.count("\r") + 1
        share = min(single / lines, 1.0)
        if share >= 0.5:
            return Guess(value="'", confidence=round(0.5 + share / 2.1, 3), alternatives=(('"', 0.3),))
    if double and _unbalanced(sample):
        return Guess(value="", confidence=0.7, alternatives=(('"', 0.3),))
    return Guess(value='"', confidence=1.0 if double else 0.95)


def _unbalanced(sample: str) -> bool:
    """Whether quotation marks are text here: with them as marks of cells more rows break than not."""
    rows = sample_rows(sample, guess_separator(sample, "").value, '"', _SCORED_ROWS)
    broken = sum(1 for row in rows if row.problem and row.problem.id == "row.quotes")
    return broken > len(rows) / 2


def guess_line_end(sample: str) -> Guess:
    """The line end of most lines; ``mixed`` where a second kind makes more than a tenth."""
    crlf = sample.count("\r\n")
    counts = {"crlf": crlf, "lf": sample.count("\n") - crlf, "cr": sample.count("\r") - crlf}
    total = sum(counts.values())
    if not total:
        return Guess(value="lf")
    name = max(counts, key=lambda each: counts[each])
    share = counts[name] / total
    return Guess(value=name if share >= 0.9 else "mixed", confidence=1.0 if share >= 0.9 else round(share, 3))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the table stands in the sample: lines to skip before it, its width, and its rows."""

    skip_lines: int
    columns: int
    rows: list[Row]


def lay_out(rows: list[Row], declared: bool = False) -> Layout:
    """Leave out Excel's ``sep=`` line, if it was ``declared``, and titles: rows with one cell above a wider table."""
    rows = rows[1:] if declared else rows
    sound = [row for row in rows if not row.problem]
    usual = Counter(len(row.values) for row in sound).most_common(1)[0][0] if sound else 0
    start = _titles(rows[: _TITLE_LINES + 1], usual) if usual > 2 else 0
    rows = rows[start:]
    skip = rows[0].line - 1 if rows and (start or declared) else 0
    return Layout(skip_lines=skip, columns=max(usual, len(rows[0].values) if rows else 0), rows=rows)


def _titles(rows: list[Row], usual: int) -> int:
    """How many rows with a single filled cell stand before the first well-filled one."""
    filled = [sum(1 for value in row.values if value != "") for row in rows]
    start = next((index for index, count in enumerate(filled) if count != 1), 0)
    return start if filled and filled[start] * 2 >= usual else 0


def declares_separator(sample: str) -> bool:
    """Whether the first line is the one by which Excel is told the separator."""
    return _EXCEL_SEP.match(sample) is not None


def guess_header(rows: list[Row]) -> Guess:
    """Whether the first row is a heading: known words, or text above columns of numbers, dates, addresses."""
    if not rows:
        return Guess(value="no")
    first = [str(value).strip() for value in rows[0].values]
    filled = [text for text in first if text]
    if any(kind_of(text) in {"email", "day", "instant", "phone", "url", "inn"} for text in filled):
        return _header(False, 0.95)
    known = sum(1 for text in filled if is_known_heading(text))
    if known >= max(1, 0.3 * len(filled)):
        return _header(True, 0.99)
    numbers = sum(1 for text in filled if kind_of(text) == "number")
    if numbers * 3 > len(filled) or len(filled) * 2 < len(first):
        return _header(False, 0.85)
    typed = sum(1 for index, text in enumerate(first) if text and _typed_below(rows[1:], index))
    if typed:
        return _header(True, 0.95)
    return _header(True, 0.6 if len(set(filled)) == len(filled) else 0.4)


def _typed_below(rows: list[Row], index: int) -> bool:
    column = [str(row.values[index]) for row in rows[:100] if index < len(row.values)]
    return usual_kind(column)[1] > 0.6


def _header(present: bool, confidence: float) -> Guess:
    value, other = ("yes", "no") if present else ("no", "yes")
    if confidence < 0.5:
        value, other, confidence = other, value, 1 - confidence
    return Guess(value=value, confidence=confidence, alternatives=((other, round(1 - confidence, 3)),))
