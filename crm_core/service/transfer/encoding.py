"""Find the encoding of a text file without ever guessing silently.

Byte order marks and valid UTF-8 are certain. UTF-16 without a mark is recognised by its zero bytes. Among single-byte
encodings the one wins that makes the most plausible words; close results show as low confidence.
"""

from __future__ import annotations

import codecs
import math
import re
from dataclasses import dataclass, field
from pathlib import Path

from .letters import plausibility
from .shape import Guess

__all__ = ["detect_encoding", "guess_single_byte"]

_BLOCK = 1 << 20
_HEAD = 1 << 16
_ENOUGH_WORDS = 3_000
_WORD = re.compile(rb"[A-Za-z]{0,20}[\x80-\xff][A-Za-z\x80-\xff]{0,40}")
_HIGH_BYTES = bytes(range(0x80, 0x100))
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# How common each is among files that people send, as a logarithm; it decides only where the text does not.
_SINGLE_BYTE = {"cp1251": 0.0, "cp1252": -1.0, "cp866": -1.5, "koi8-r": -1.5, "iso8859-5": -2.5, "mac-cyrillic": -2.5}
# The mean logarithm for one character of real text is about -3; a wrong table gives -6 and less.
_PLAUSIBLE_MEAN = -4.8


@dataclass(slots=True)
class _Evidence:
    """What the bytes outside of ASCII say: how they read as UTF-8, and the words that hold them."""

    high_bytes: int = 0
    characters: int = 0
    broken: int = 0
    words: list[bytes] = field(default_factory=list)

    @property
    def not_utf8(self) -> bool:
        return self.broken > max(1, 0.02 * self.characters)


def detect_encoding(path: Path) -> Guess:
    """The encoding of the file as the name of a Python codec; the whole file is looked at, a block at a time.

    The first letters outside of ASCII may stand far behind the beginning, so that a sample would not do.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Guess(value=name)
    if wide := _utf16_without_mark(head):
        return wide
    evidence = _collect(path)
    if not evidence.high_bytes:
        return Guess(value="utf-8")
    if not evidence.broken:
        return Guess(value="utf-8", confidence=0.99)
    if not evidence.not_utf8:
        return Guess(value="utf-8", confidence=0.6, alternatives=_single_byte(evidence.words)[:3])
    return guess_single_byte(b" ".join(evidence.words))


def _utf16_without_mark(head: bytes) -> Guess | None:
    """Latin and Cyrillic text in UTF-16 has the bytes 0 and 4 all on one side of the pairs, and seldom elsewhere."""
    even, odd = (half.count(0) + half.count(4) for half in (head[0::2], head[1::2]))
    if even + odd < max(2, len(head) // 200):
        return None
    name, share = ("utf-16-be", even / (even + odd)) if even > odd else ("utf-16-le", odd / (even + odd))
    text = head[: len(head) // 2 * 2].decode(name, "replace")
    sensible = sum(1 for char in text if char < "\u0530" and (char >= " " or char in "\t\r\n")) / len(text)
    if share < 0.95 or sensible < 0.9:
        return None
    return Guess(value=name, confidence=round(min(share, sensible) * 0.98, 3))


def _collect(path: Path) -> _Evidence:
    evidence = _Evidence()
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            _weigh(evidence, decoder.decode(block), block)
            if evidence.not_utf8 and len(evidence.words) >= _ENOUGH_WORDS:
                return evidence
    evidence.broken += len(decoder.decode(b"", True))
    return evidence


def _weigh(evidence: _Evidence, text: str, block: bytes) -> None:
    if block.isascii():
        evidence.broken += text.count("\ufffd")
        return
    ascii_bytes = len(block.translate(None, _HIGH_BYTES))
    evidence.high_bytes += len(block) - ascii_bytes
    evidence.characters += len(text) - ascii_bytes
    evidence.broken += text.count("\ufffd")
    room = _ENOUGH_WORDS - len(evidence.words)
    if room > 0:
        evidence.words += [match.group() for match, _ in zip(_WORD.finditer(block), range(room), strict=False)]


def guess_single_byte(text: bytes) -> Guess:
    """The most plausible single-byte encoding of a short piece of text."""
    best, *others = _single_byte(_WORD.findall(text))
    return Guess(value=best[0], confidence=best[1], alternatives=tuple(others))


def _single_byte(words: list[bytes]) -> tuple[tuple[str, float], ...]:
    """Every single-byte encoding with its confidence, best first."""
    readings: dict[tuple[str, ...], tuple[float, int, str]] = {}
    for name, prior in _SINGLE_BYTE.items():
        decoded = tuple(word.decode(name, "replace") for word in words)
        score, count = plausibility(decoded)
        # Two tables that give the same text are no alternatives: the more common name stands for both.
        readings.setdefault(decoded, (score + prior, count, name))
    ranked = sorted(readings.values(), reverse=True)
    best, count = ranked[0][0], ranked[0][1]
    weights = [math.exp(max(score - best, -50.0) / 2) for score, _, _ in ranked]
    likely = 1.0 if (best / max(count, 1)) > _PLAUSIBLE_MEAN else 0.5
    return tuple(
        (name, round(likely * weight / sum(weights), 3)) for (_, _, name), weight in zip(ranked, weights, strict=True)
    )
