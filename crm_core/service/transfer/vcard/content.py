"""The lines of a vCard file as properties: unfolded, decoded, and tolerant of what real programs write.

Rules: vCard 2.1 (versit, 1996), RFC 2426 (3.0), RFC 6350 (4.0), RFC 6868 (carets in parameters).
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from crm_core.service.transfer.encoding import guess_single_byte

__all__ = ["MAX_PROPERTY_BYTES", "Property", "logical_lines", "parse", "split_escaped", "unescape"]

MAX_PROPERTY_BYTES = 262_144
"""A longer property (an unknown kind of picture, as a rule) is left out."""

_HEAD = re.compile(rb"(?:(?P<group>[\w.-]+)\.)?(?P<name>[A-Za-z][A-Za-z0-9-]*)\s*(?=[;:])")
_PARAMETER = re.compile(r"(?:(?P<name>[\w-]+)\s*=\s*)?(?P<values>(?:\"[^\"]*\"|[^\";,]*)(?:,(?:\"[^\"]*\"|[^\";,]*))*)")
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2}\s*")
_BORDER = re.compile(rb"(?:BEGIN|END)\s*:", re.IGNORECASE)
_BINARY = frozenset({b"PHOTO", b"LOGO", b"SOUND", b"KEY", b"X-MS-CARDPICTURE", b"X-MS-OL-DESIGN"})
_ENCODINGS = frozenset({"QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT"})
# Python knows further "encodings" that are programs rather than tables.
_CHARSET = re.compile(
    r"utf-?(?:8|16(?:[lb]e)?)|(?:us-)?ascii|iso-?8859-?\d+|(?:windows-?|cp)\d+|koi8-?[ru]|mac-?cyrillic|macintosh"
    r"|shift[_-]jis|gbk?|gb\d+|big5|euc-\w+|iso-2022-jp",
    re.IGNORECASE,
)
_QUOTED = re.compile(rb"ENCODING\s*=\s*\"?QUOTED-PRINTABLE|;\s*QUOTED-PRINTABLE\s*[;:]", re.IGNORECASE)
_BASE64 = re.compile(rb"ENCODING\s*=\s*\"?(?:BASE64|B)\"?\s*[;:]|;\s*BASE64\s*[;:]", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property: ``name`` in capitals, ``parameters`` with names in capitals, ``value`` still escaped.

    ``guessed`` tells that its encoding is declared nowhere and was not certain.
    """

    group: str
    name: str
    parameters: Mapping[str, tuple[str, ...]]
    value: str
    guessed: bool = False

    @property
    def types(self) -> tuple[str, ...]:
        """The values of TYPE in lower case, sorted."""
        return tuple(sorted({value.strip().lower() for value in self.parameters.get("TYPE", ()) if value.strip()}))


@dataclass(slots=True)
class _Logical:
    """A property while its physical lines come in."""

    line: int
    data: bytearray
    quoted: bool = False
    base64: bool = False
    binary: bool = False
    closed: bool = False

    @classmethod
    def begin(cls, line: int, data: bytes) -> _Logical:
        head = _HEAD.match(data)
        colon = data.find(b":")
        parameters = data[: colon + 1]
        return cls(
            line=line,
            data=bytearray(data),
            quoted=bool(_QUOTED.search(parameters)),
            base64=bool(_BASE64.search(parameters)),
            binary=head is not None and head["name"].upper() in _BINARY,
        )

    def take(self, data: bytes) -> bool:
        """Append a physical line, if it belongs to this property."""
        if self.quoted and self.data.endswith(b"=") and not _BORDER.match(data):
            self.data[-1:] = data
            self.closed = not data
            return True
        if data[:1] in {b" ", b"\t"}:
            self._append(data[1:])
            return True
        if self.base64 and not self.closed and data and _BASE64_LINE.fullmatch(data):
            self._append(data)
            return True
        self.closed = True
        return False

    def _append(self, data: bytes) -> None:
        if not self.binary and len(self.data) <= MAX_PROPERTY_BYTES:
            self.data += data


def logical_lines(physical: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Unfold: each property with the number of its first line; blank lines and pictures are left out.

    Besides folding by a blank, the soft line breaks of quoted-printable are joined, and lines of base64 that were not
    folded at all.
    """
    current: _Logical | None = None
    for number, data in physical:
        if current is not None and current.take(data):
            continue
        if current is not None and not current.binary:
            yield current.line, bytes(current.data)
        current = _Logical.begin(number, data) if data.strip() else None
    if current is not None and not current.binary:
        yield current.line, bytes(current.data)


def parse(data: bytes, encoding: str) -> Property | None:
    """The property in a logical line, or None for junk; ``encoding`` holds where the line declares none."""
    head = _HEAD.match(data)
    colon = _value_begins(data, head.end()) if head else -1
    if head is None or colon < 0:
        return None
    parameters = _parameters(data[head.end() : colon].decode(encoding, "replace"))
    value, guessed = _decode(data[colon + 1 :], parameters, encoding)
    return Property(
        group=(head["group"] or b"").decode("ascii", "replace"),
        name=head["name"].decode("ascii").upper(),
        parameters=parameters,
        value=value,
        guessed=guessed,
    )


def _value_begins(data: bytes, start: int) -> int:
    """The first colon outside of quotation marks; where those do not close, the first colon at all."""
    quoted = False
    for index in range(start, len(data)):
        if data[index] == 0x22:
            quoted = not quoted
        elif data[index] == 0x3A and not quoted:
            return index
    return data.find(b":", start)


def _parameters(text: str) -> dict[str, tuple[str, ...]]:
    """``;TYPE=work,voice;PREF=1`` and the bare words of vCard 2.1, which are types or encodings."""
    found: dict[str, tuple[str, ...]] = {}
    for match in _PARAMETER.finditer(text):
        if not match.group():
            continue
        values = tuple(
            _carets(value.strip().strip('"'))
            for part in re.findall(r"\"[^\"]*\"|[^,]+", match["values"])
            for value in part.strip('"').split(",")
        )
        name = (match["name"] or "").upper()
        if not values:
            continue
        if not name:
            name = "ENCODING" if values[0].upper() in _ENCODINGS else "TYPE"
        found[name] = found.get(name, ()) + values
    return found


def _carets(text: str) -> str:
    return re.sub(r"\^(['n^])", lambda match: {"'": '"', "n": "\n", "^": "^"}[match[1]], text)


def _decode(data: bytes, parameters: Mapping[str, tuple[str, ...]], encoding: str) -> tuple[str, bool]:
    transfer = parameters.get("ENCODING", ("",))[-1].upper()
    if transfer == "QUOTED-PRINTABLE":
        data = quopri.decodestring(data)
    elif transfer in {"BASE64", "B"}:
        try:
            data = base64.b64decode(data)
        except binascii.Error:
            data = b""
    declared = parameters.get("CHARSET", ("",))[-1]
    if _CHARSET.fullmatch(declared):
        with suppress(LookupError):
            return data.decode(declared, "replace"), False
    for charset in ("utf-8", encoding):
        with suppress(UnicodeDecodeError):
            return data.decode(charset), False
    guess = guess_single_byte(data)
    return data.decode(guess.value, "replace"), guess.doubtful


def split_escaped(text: str, separator: str) -> list[str]:
    """The parts between separators that are not escaped by a backslash; the parts stay escaped."""
    parts, start, index = [], 0, 0
    while index < len(text):
        if text[index] == "\\":
            index += 2
            continue
        if text[index] == separator:
            parts.append(text[start:index])
            start = index + 1
        index += 1
    return [*parts, text[start:]]


def unescape(text: str) -> str:
    """The text without its backslashes, line ends as ``\\n``, without zero characters and outer blanks."""
    plain = re.sub(r"\\([nN,;:\\\"])", lambda match: "\n" if match[1] in "nN" else match[1], text)
    return plain.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip()
