"""How much a text looks like Russian or like a western European language: this tells single-byte encodings apart.

The measure is a sum of logarithms of letter frequencies (the usual figures for Russian prose; for western languages the
share of each accented letter among all accented letters), lowered where case or neighbours are impossible in real
words. A text decoded with a wrong table keeps its length but gets rare letters, symbols inside words and capitals
after small letters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

__all__ = ["plausibility"]

_RUSSIAN_PERCENT = {
    "о": 10.9, "е": 8.5, "а": 8.3, "и": 7.4, "н": 6.7, "т": 6.2, "с": 5.4, "р": 4.9, "в": 4.9, "л": 4.5, "к": 3.6,
    "м": 3.2, "д": 2.9, "п": 2.7, "у": 2.6, "я": 2.0, "ы": 1.8, "ь": 1.7, "г": 1.7, "з": 1.6, "б": 1.6, "ч": 1.5,
    "й": 1.3, "х": 0.95, "ж": 0.9, "ш": 0.75, "ю": 0.65, "ц": 0.5, "щ": 0.35, "э": 0.35, "ф": 0.35, "ё": 0.15,
    "ъ": 0.04, "і": 0.02, "ї": 0.01, "є": 0.01, "ў": 0.005, "ґ": 0.005,
}  # fmt: skip
_WESTERN_PERCENT = {
    "é": 22, "ü": 10, "ö": 9, "ä": 9, "è": 6, "à": 6, "á": 5, "í": 5, "ó": 5, "ñ": 4, "ç": 4, "ã": 3, "ß": 3, "ê": 2,
    "å": 2, "ø": 2, "ú": 1.5, "ô": 1, "â": 1, "î": 0.7, "ò": 0.6, "ù": 0.6, "ì": 0.5, "ë": 0.5, "ï": 0.5, "æ": 0.5,
    "õ": 0.5, "û": 0.4, "œ": 0.2, "š": 0.1, "ž": 0.1, "ý": 0.1, "ÿ": 0.02, "ð": 0.05, "þ": 0.05,
}  # fmt: skip
_SIGN_PERCENT = {"\xa0": 0.6, "«": 0.4, "»": 0.4, "—": 0.3, "–": 0.3, "№": 0.3, "“": 0.2, "”": 0.2, "’": 0.3, "„": 0.2,
                 "€": 0.1, "°": 0.1, "²": 0.05, "…": 0.1, "£": 0.1, "®": 0.05, "©": 0.05, "™": 0.05, "‘": 0.1,
                 "§": 0.05, "•": 0.05, "·": 0.02, "±": 0.02, "×": 0.03,
                 "½": 0.03, "º": 0.3, "ª": 0.2, "´": 0.1, "¿": 0.1, "¡": 0.1}  # fmt: skip

_RUSSIAN = {letter: math.log(percent / 100) for letter, percent in _RUSSIAN_PERCENT.items()}
_WESTERN = {letter: math.log(percent / 110) for letter, percent in _WESTERN_PERCENT.items()}
_SIGN = {sign: math.log(percent / 100) for sign, percent in _SIGN_PERCENT.items()}
_STRANGE = math.log(1e-5)
_RUSSIAN_VOWELS = frozenset("аеёиоуыэюя")

_IMPOSSIBLE = -6.0
_UNUSUAL = -2.0


def plausibility(words: Iterable[str]) -> tuple[float, int]:
    """The summed logarithm of likelihood of all non-ASCII characters of the words, and their number."""
    total, count = 0.0, 0
    for word in words:
        before = ""
        for char in word:
            if not char.isascii():
                total += _letter(char) + _transition(before, char)
                count += 1
            elif before and not before.isascii():
                total += _transition(before, char)
            before = char
        total += _whole(word)
    return total, count


def _letter(char: str) -> float:
    small = char.lower()
    return _RUSSIAN.get(small) or _WESTERN.get(small) or _SIGN.get(char) or _STRANGE


def _transition(before: str, char: str) -> float:
    if not before or not before.isalpha() or not char.isalpha():
        return _IMPOSSIBLE if not before and char in "ьъЬЪ" else 0.0
    score = 0.0
    if before.islower() and char.isupper():
        score += _IMPOSSIBLE
    if _cyrillic(before) != _cyrillic(char):
        return score + _IMPOSSIBLE
    return score + (_russian_pair(before.lower(), char.lower()) if _cyrillic(char) else _western_pair(before, char))


def _russian_pair(before: str, char: str) -> float:
    if char in "ьъы" and (before in _RUSSIAN_VOWELS or before in "йьъ"):
        return _IMPOSSIBLE
    if char == "й" and before not in _RUSSIAN_VOWELS:
        return _IMPOSSIBLE
    if (before in _RUSSIAN_VOWELS) == (char in _RUSSIAN_VOWELS):
        return -0.7
    return 0.0


def _western_pair(before: str, char: str) -> float:
    """Two accented letters side by side are rare; the languages that have them are not these."""
    return _UNUSUAL - 1 if not before.isascii() and not char.isascii() else 0.0


def _whole(word: str) -> float:
    """Western words have plain letters too; a longer word of accented letters alone is a Cyrillic one misread."""
    if len(word) > 1 and not any(char.isascii() or _cyrillic(char) for char in word):
        return _UNUSUAL
    return 0.0


def _cyrillic(char: str) -> bool:
    return "\u0400" <= char <= "\u04ff"
