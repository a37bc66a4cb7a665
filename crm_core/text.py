"""Text shared by every layer: folding for search, translatable messages, keyboard-layout slips."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Msg", "fold", "messages", "storable", "swap_layout"]

_LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,.~QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>"
_CYRILLIC = "ёйцукенгшщзхъфывапролджэячсмитьбюЁЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)


def fold(text: str) -> str:
    """The form under which a text is sorted and searched: the same on every database.

    Case, compatibility forms and the difference between ё and е disappear (Unicode UAX #15, NFKC);
    runs of white space become one space.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    return " ".join(folded.split())


def storable(text: str) -> str:
    """The text without what a database cannot keep: NUL and lone surrogates."""
    return text.encode("utf-8", "ignore").decode().replace("\x00", "")


def swap_layout(text: str) -> str:
    """The text as it would have come out on the other of the two keyboards (ЙЦУКЕН and QWERTY)."""
    has_cyrillic = any("а" <= char.lower() <= "я" or char in "ёЁ" for char in text)
    return text.translate(_TO_LATIN if has_cyrillic else _TO_CYRILLIC)


@dataclass(frozen=True, slots=True)
class Msg:
    """A text for people that is translated where it is shown, not where it is made.

    ``domain`` is the module whose catalogue holds the translation; ``params`` fill ``%(name)s``.
    ``str()`` gives the English text.
    """

    domain: str
    msgid: str
    params: tuple[tuple[str, object], ...] = ()
    plural: str | None = None
    n: int = 1

    def __str__(self) -> str:
        return self.fill(self.msgid if self.plural is None or self.n == 1 else self.plural)

    def fill(self, template: str) -> str:
        """Put the parameters into an (already translated) template."""
        return template % dict(self.params) if self.params else template

    def parts(self) -> Iterator[Msg]:
        """The messages inside the parameters, for renderers that translate them first."""
        return (value for _, value in self.params if isinstance(value, Msg))


@dataclass(frozen=True, slots=True)
class messages:
    """``_ = messages("sales")`` makes translatable messages of one module's catalogue."""

    domain: str

    def __call__(self, msgid: str, **params: object) -> Msg:
        return Msg(self.domain, msgid, tuple(params.items()))

    def plural(self, singular: str, plural: str, n: int, **params: object) -> Msg:
        """A message that depends on a number; ``%(n)s`` is the number."""
        return Msg(self.domain, singular, (("n", n), *params.items()), plural, n)
