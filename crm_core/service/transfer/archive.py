"""Refuse workbooks that are bombs or tampered with, before anything is unpacked in earnest."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from crm_core.errors import Invalid
from crm_core.text import messages

from .table import MAX_COLUMNS, unreadable

__all__ = [
    "MAX_CELLS",
    "MAX_MEMBERS",
    "MAX_RATIO",
    "MAX_UNPACKED",
    "check_contents",
    "check_directory",
]

_ = messages("core")

MAX_UNPACKED = 200_000_000
"""Bytes that all members of a workbook may have together."""

MAX_RATIO = 100
"""How much larger than the file its contents may be; real workbooks reach 5 to 30."""

MAX_MEMBERS = 10_000
MAX_CELLS = 5_000_000
"""Cells in the rectangle from the first to the last used one: the reader holds it in memory (about 90 bytes each)."""

_SMALL = 1_000_000
_BLOCK = 1 << 18
_LONGEST_TAG = 1 << 20
_STORED, _DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
_LOCAL_HEADER = struct.Struct("<4s22xHH")
# The usual way to write a cell, and every way to begin one.
_USUAL = re.compile(rb'<c r="([A-Z]{1,3})([1-9]\d{0,6})"')
_BEGINNINGS = tuple(start + end for start in (b"<c", b":c") for end in (b" ", b">", b"/", b"\n", b"\r", b"\t"))
_CELL = re.compile(rb"<(?:\w+:)?c(?:\s[^>]*)?>")
_PLACE = re.compile(rb"\sr\s*=\s*[\"']([^\"']*)")
_GOOD_PLACE = re.compile(rb"([A-Z]{1,3})([1-9]\d{0,6})")
_ROW = re.compile(rb"<(?:\w+:)?row(?=[\s/>])")
_ROW_PLACE = re.compile(rb"<(?:\w+:)?row\s(?:[^>]*?\s)?r\s*=\s*[\"']([^\"'>]*)")
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def check_directory(path: Path) -> None:
    """Raise ``Invalid`` for a damaged archive and for one whose directory breaks a limit; takes milliseconds."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise _damaged() from error
    names = [member.filename for member in members]
    unpacked = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED:
        raise _too_large()
    if unpacked > max(path.stat().st_size * MAX_RATIO, _SMALL):
        raise _too_large()
    if len(set(names)) < len(names) or any(_leads_out(name) for name in names) or any(m.flag_bits & 1 for m in members):
        raise _damaged()
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/workbook.") for name in names):
        raise unreadable(
            "file.not_xlsx", _("The file is not an Excel workbook."), _("Save the table as .xlsx or CSV and try again.")
        )


def _leads_out(name: str) -> bool:
    return name.startswith(("/", "\\")) or ":" in name or ".." in PurePosixPath(name.replace("\\", "/")).parts


def _damaged() -> Invalid:
    return unreadable("file.damaged", _("The workbook is damaged and cannot be opened."))


def _too_large() -> Invalid:
    return unreadable(
        "file.too_large",
        _("The workbook unpacks to more than is allowed."),
        _("Delete empty rows, columns and pictures, or save the sheet as CSV."),
    )


def check_contents(path: Path) -> None:
    """Raise ``Invalid`` where a member holds more than the directory says, an entity, or too wide a rectangle of cells.

    Everything is unpacked once, block by block, in constant memory (about a second for 100 MB).
    """
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            extent = _Extent()
            for block in _unpack(file, member):
                extent.grow(block)


def _unpack(file: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The contents of a member; Python's own reader would stop where the directory says that they end."""
    file.seek(member.header_offset)
    mark, name_length, extra_length = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    if mark != b"PK\x03\x04" or member.compress_type not in {_STORED, _DEFLATED}:
        raise _damaged()
    file.seek(name_length + extra_length, 1)
    unpacker = zlib.decompressobj(-15) if member.compress_type == _DEFLATED else None
    packed, total = member.compress_size, 0
    while packed > 0:
        chunk = file.read(min(_BLOCK, packed))
        if not chunk:
            raise _damaged()
        packed -= len(chunk)
        for block in _inflate(unpacker, chunk):
            total += len(block)
            if total > member.file_size:
                raise _too_large()
            yield block


def _inflate(unpacker: Any, chunk: bytes) -> Iterator[bytes]:
    if unpacker is None:
        yield chunk
        return
    while chunk and not unpacker.eof:
        try:
            yield unpacker.decompress(chunk, _BLOCK)
        except zlib.error as error:
            raise _damaged() from error
        chunk = unpacker.unconsumed_tail


@dataclass(slots=True)
class _Extent:
    """The rectangle that the cells of a sheet span, from its XML in blocks.

    ``loose`` is the longest run of cells without a place within a row, ``run`` the one that is not finished.
    """

    width: int = 0
    height: int = 0
    rows: int = 0
    loose: int = 0
    run: int = 0
    rest: bytes = b""

    def grow(self, block: bytes) -> None:
        """Take in the next block; raise ``Invalid`` as soon as a limit is broken."""
        text = self.rest + block
        end = text.rfind(b">") + 1
        self.rest, text = text[end:], text[:end]
        if _DECLARATION.search(text) or len(self.rest) > _LONGEST_TAG:
            raise _damaged()
        self.rows = max(self.rows + len(_ROW.findall(text)), *map(_number, _ROW_PLACE.findall(text)), 0)
        usual = _USUAL.findall(text)
        width, height = _span(usual)
        if self._beyond(width, height) or len(usual) < _begun(text, len(usual)):
            # Cells without a value do not count, and this is the slow way to tell.
            self._grow_carefully(text)
        else:
            self.width, self.height = max(self.width, width), max(self.height, height)
        if self._beyond(self.loose, self.rows if self.loose else 0):
            raise _too_large()

    def _beyond(self, width: int, height: int) -> bool:
        width, height = max(self.width, width), max(self.height, height)
        return width > MAX_COLUMNS or width * height > MAX_CELLS

    def _grow_carefully(self, text: bytes) -> None:
        for index, row in enumerate(_ROW.split(text)):
            self.run = 0 if index else self.run
            places = [_place(cell) for cell in _CELL.findall(row)]
            self.run += places.count(None)
            self.loose = max(self.loose, self.run)
            width, height = _span([place for place in places if place])
            self.width, self.height = max(self.width, width), max(self.height, height)


def _place(cell: bytes) -> tuple[bytes, bytes] | tuple[()] | None:
    """Column and row of a cell that has a value, nothing for one without, None for one whose place is left out."""
    place = _PLACE.search(cell)
    good = _GOOD_PLACE.fullmatch(place[1]) if place else None
    # A quoted “>” would hide the place from us, and a place that is none is beyond what the library bears.
    if cell.count(b'"') % 2 or cell.count(b"'") % 2 or (place and not good):
        raise _damaged()
    if cell.endswith(b"/>"):
        return ()
    return (good[1], good[2]) if good else None


def _number(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 7:
        raise _damaged()
    return int(digits)


def _begun(text: bytes, expected: int) -> int:
    """How many cells begin in the text; counted closely only where the rough count differs from the expected."""
    if text.count(b"<c") == expected and b":c" not in text:
        return expected
    return sum(text.count(beginning) for beginning in _BEGINNINGS)


def _span(places: list[tuple[bytes, bytes]]) -> tuple[int, int]:
    """The rightmost column and the lowest row of the places."""
    if not places:
        return 0, 0
    letters, numbers = (set(part) for part in zip(*places, strict=True))
    return max(map(_column, letters)), max(map(int, numbers))


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
