"""The encoding of a text file is found, or the doubt about it is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crm_core.service.transfer import detect, open_rows
from crm_core.service.transfer.encoding import detect_encoding

CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic")
NAMES = "Фамилия;Имя\r\nКузнецова;Ольга\r\nЩукин;Пётр\r\n"


@pytest.mark.parametrize("encoding", [*CYRILLIC, "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_small_russian_table_is_read_in_every_encoding(put: Callable[..., Path], encoding: str) -> None:
    path = put(NAMES, encoding=encoding)
    guess = detect_encoding(path)
    assert path.read_bytes().decode(guess.value) == NAMES
    assert not guess.doubtful


@pytest.mark.parametrize("encoding", CYRILLIC)
@pytest.mark.parametrize(
    "text", ["Иванов;Пётр\n", "имя,фамилия\n", "ул. Ленина, д. 5\n", "КОМПАНИЯ;ТЕЛЕФОН\n", "Ольга\n", "Цой\n", "Ян\n"]
)
def test_even_a_single_word_is_read_rightly_or_flagged(put: Callable[..., Path], text: str, encoding: str) -> None:
    path = put(text, encoding=encoding)
    guess = detect_encoding(path)
    assert path.read_bytes().decode(guess.value, "replace") == text or guess.doubtful


@pytest.mark.parametrize("text", ["Name;City\nMüller;Köln\n", "José;España\n", "François;Crédit nº 5\n"])
def test_western_letters_are_not_taken_for_cyrillic(put: Callable[..., Path], text: str) -> None:
    guess = detect_encoding(put(text, encoding="cp1252"))
    assert (guess.value, guess.doubtful) == ("cp1252", False)


def test_a_language_that_is_not_known_is_flagged(put: Callable[..., Path]) -> None:
    assert detect_encoding(put("Łódź;Świętokrzyskie\n", encoding="cp1250")).doubtful


def test_letters_far_behind_the_beginning_count(put: Callable[..., Path]) -> None:
    path = put(b"name;city\r\n" * 200_000 + "Иванов;Москва\r\n".encode("cp1251"))
    assert detect_encoding(path).value == "cp1251"


def test_utf16_without_a_mark_is_known_even_without_line_ends(put: Callable[..., Path]) -> None:
    assert detect_encoding(put("Ольга", encoding="utf-16-be")).value == "utf-16-be"


def test_a_few_bad_bytes_in_utf8_are_flagged_and_only_their_rows_are_refused(put: Callable[..., Path]) -> None:
    rows = [f"Иванов{i};Пётр\n".encode() for i in range(100)]
    rows[50] = "Сидоров;".encode() + b"\xcf\xb8\xf2\n"
    path = put("Фамилия;Имя\n".encode() + b"".join(rows))
    shape = detect(path)
    assert (shape.encoding.value, shape.doubts) == ("utf-8", ("encoding",))
    assert shape.encoding.alternatives
    refused = [row for row in open_rows(path, shape) if row.problem]
    assert [(row.line, row.problem.id) for row in refused if row.problem] == [(52, "row.undecodable")]


@pytest.mark.parametrize("bad", [b"\xed\xa0\x80", b"\xc0\xaf", b"\xff"], ids=["lone surrogate", "overlong", "no byte"])
def test_illegal_utf8_never_comes_through_as_text(put: Callable[..., Path], bad: bytes) -> None:
    path = put("Имя;Город\nПётр Петрович Иванов;Москва и область\nАнна".encode() + bad + b";x\n")
    shape = detect(path, {"encoding": "utf-8"})
    assert [row.problem.id if row.problem else "" for row in open_rows(path, shape)] == ["", "row.undecodable"]


def test_every_real_file_reads_as_its_expected_text(shared: Path) -> None:
    folder = shared / "russian_csv_encodings"
    files = [path for path in sorted(folder.glob("*.csv")) if "expected" not in path.name]
    assert len(files) >= 14
    for path in files:
        expected = folder / (path.name.split(".")[0] + ".expected_utf8.csv")
        shape = detect(path)
        assert "encoding" not in shape.doubts, path.name
        assert "separator" not in shape.doubts, path.name
        wanted, got = open_rows(expected, detect(expected)), open_rows(path, shape)
        assert got.headings == wanted.headings, path.name
        assert [row.values for row in got] == [row.values for row in wanted], path.name
