"""Read a file of vCards: every card gives its values or a problem, and no card stops the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crm_core.errors import Problem
from crm_core.service.transfer.encoding import detect_encoding
from crm_core.service.transfer.lines import Lines, open_lines
from crm_core.service.transfer.table import unreadable
from crm_core.text import Msg, messages

from .card import CardResult
from .content import MAX_PROPERTY_BYTES, Property, logical_lines, parse
from .fields import card_of

__all__ = ["MAX_CARD_PROPERTIES", "read_cards"]

_ = messages("core")

MAX_CARD_PROPERTIES = 5_000
"""Further properties of one card are left out."""

_WIDE = frozenset({"utf-16", "utf-16-le", "utf-16-be", "utf-32"})
_INNER_BEGIN = re.compile(r"\s*BEGIN\s*:\s*VCARD\s*\Z", re.IGNORECASE)


def read_cards(path: Path) -> Iterator[CardResult]:
    """The cards of the file in their order, streamed; raises ``Invalid`` at once where it holds no card.

    A card without its end is taken up to the next beginning, one without its beginning from its name on, both with a
    warning. A card within a card (AGENT) is left out.
    """
    results = _results(path)
    first = next(results, None)
    if first is None:
        raise unreadable("file.not_vcard", _("The file holds no vCard."), _("Choose a file that ends in .vcf."))
    return _chained(first, results)


def _chained(first: CardResult, others: Iterator[CardResult]) -> Iterator[CardResult]:
    yield first
    yield from others


def _results(path: Path) -> Iterator[CardResult]:
    encoding = detect_encoding(path).value
    text = encoding.removesuffix("-sig")
    for number, draft in enumerate(_drafts(path, encoding, "utf-8" if text in _WIDE else text), 1):
        yield draft.result(number)


def _physical(path: Path, encoding: str) -> Iterator[tuple[int, bytes]]:
    """The numbered lines as bytes without their ends: the encoding may change from property to property."""
    reading, writing = (encoding, "utf-8") if encoding in _WIDE else ("latin-1", "latin-1")
    with open_lines(path, reading) as file:
        lines = Lines(file)
        for line in lines:
            lines.begin_record()
            yield lines.number, line.rstrip("\r\n").encode(writing).removeprefix(b"\xef\xbb\xbf")


@dataclass(slots=True)
class _Draft:
    """A card while its properties come in."""

    line: int
    properties: list[Property] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def warn(self, name: str, message: Msg) -> None:
        if all(each.id != f"card.{name}" for each in self.warnings):
            self.warnings.append(Problem(id=f"card.{name}", message=message))

    def add(self, line: int, data: bytes, found: Property | None) -> None:
        if found is None:
            self.warn("junk", _("Line %(line)s was left out: it is no part of a vCard.", line=line))
        elif len(data) > MAX_PROPERTY_BYTES or len(self.properties) >= MAX_CARD_PROPERTIES:
            self.warn("too_large", _("Line %(line)s was left out: it is too long.", line=line))
        else:
            self.properties.append(found)
            if found.guessed or "\ufffd" in found.value:
                self.warn("encoding", _("Line %(line)s: the characters may have been read wrongly.", line=line))

    def result(self, number: int) -> CardResult:
        card = card_of(self.properties)
        warnings = tuple(self.warnings)
        if card.usable:
            return CardResult(number=number, line=self.line, card=card, warnings=warnings)
        text = _("Card %(number)s (line %(line)s) has neither a name nor a phone nor an e-mail.", **self._place(number))
        problem = Problem(id="card.empty", message=text, row=number - 1)
        return CardResult(number=number, line=self.line, problem=problem, warnings=warnings)

    def _place(self, number: int) -> dict[str, int]:
        return {"number": number, "line": self.line}


def _drafts(path: Path, encoding: str, fallback: str) -> Iterator[_Draft]:
    """Cut the file into cards."""
    draft: _Draft | None = None
    depth = 0
    for line, data in logical_lines(_physical(path, encoding)):
        found = parse(data, fallback)
        border = _border(found)
        if draft is not None and (depth or _agent_begins(draft, border)):
            depth += {"BEGIN": 1, "END": -1}.get(border, 0)
        elif border == "BEGIN":
            if draft is not None:
                yield _unfinished(draft)
            draft = _Draft(line=line)
        elif border == "END":
            if draft is not None:
                yield draft
            draft = None
        elif draft is not None:
            draft.add(line, data, found)
            depth = 1 if found and found.name == "AGENT" and _INNER_BEGIN.match(found.value) else 0
        elif found and found.name in {"FN", "N"}:
            draft = _Draft(line=line)
            draft.warn("no_begin", _("The card has no beginning (BEGIN:VCARD); it was read from its name on."))
            draft.add(line, data, found)
    if draft is not None:
        yield _unfinished(draft)


def _border(found: Property | None) -> str:
    if found and found.name in {"BEGIN", "END"} and found.value.strip().upper() == "VCARD":
        return found.name
    return ""


def _agent_begins(draft: _Draft, border: str) -> bool:
    """An AGENT without a value is followed by the whole card of the agent."""
    last = draft.properties[-1] if draft.properties else None
    return border == "BEGIN" and last is not None and last.name == "AGENT" and not last.value.strip()


def _unfinished(draft: _Draft) -> _Draft:
    draft.warn("no_end", _("The card has no end (END:VCARD); it was read up to the next one."))
    return draft
