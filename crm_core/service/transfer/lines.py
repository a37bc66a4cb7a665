"""Physical lines of a text file, however long, mixed or damaged, in bounded memory."""

from __future__ import annotations

import io
from collections import deque
from pathlib import Path

from .table import MAX_LINE_CHARS

__all__ = ["Lines", "open_lines"]


class Lines:
    """Lines with their ends (LF, CRLF or CR), numbered from 1, that can be taken back.

    Bytes that do not fit the encoding come as U+FFFD, so that one of them does not end the reading.
    A line longer than ``MAX_LINE_CHARS`` comes without its text, as ``too_long``.
    """

    too_long = "\x00\n"
    """Stands, as this very object, for a line that was not kept."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self.number = 0
        self.taken: list[str] = []

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read()
        self.number += 1
        self.taken.append(line)
        return line

    def begin_record(self) -> int:
        """Forget the lines taken so far; the number of the next line."""
        self.taken.clear()
        return self.number + 1

    def give_back_all_but_first(self) -> None:
        """The lines of the present record, except its first, will be read again."""
        again = self.taken[1:]
        self._again.extendleft(reversed(again))
        self.number -= len(again)

    def _read(self) -> str:
        line = self._text.readline(MAX_LINE_CHARS)
        if not line:
            raise StopIteration
        if len(line) < MAX_LINE_CHARS or line.endswith(("\n", "\r")):
            return line
        while line and not line.endswith(("\n", "\r")):
            line = self._text.readline(MAX_LINE_CHARS)
        return self.too_long


def open_lines(path: Path, encoding: str) -> io.TextIOWrapper:
    """The file as text with its line ends untouched; close it after use."""
    return path.open(encoding=encoding, errors="replace", newline="")
