"""What is written can be opened by a spreadsheet without danger, and read back without loss."""

from __future__ import annotations

import csv
import datetime as dt
import re
import tempfile
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.service.transfer import (
    Cell,
    Column,
    CsvStyle,
    CsvTable,
    ErrorTable,
    FileShape,
    Guess,
    XlsxTable,
    detect,
    guard,
    open_rows,
    unguard,
)

ACTIVE = "=+-@\t\r\n＝＋－＠"
TEXT = st.text(
    st.one_of(st.sampled_from("=+-@\t\r\n＝＋－＠'\";, aя"), st.characters(exclude_categories=["Cs"])), max_size=30
)
SAFE = TEXT.filter(lambda text: "\x00" not in text and "\ufffd" not in text)


def written(path: Path, columns: Sequence[Column], rows: Sequence[Sequence[Cell | None]], style: CsvStyle) -> bytes:
    with CsvTable(path, columns, style) as table:
        for row in rows:
            table.add(row)
    return path.read_bytes()


@given(TEXT)
def test_unguard_undoes_guard(text: str) -> None:
    assert unguard(guard(text)) == text


@given(TEXT)
def test_no_guarded_text_begins_a_cell_with_an_active_sign(text: str) -> None:
    for start in re.split(r"[;,\t|\"\r\n]", guard(text)):
        assert not start.startswith(tuple("=+-@＝＋－＠"))


@pytest.mark.parametrize("sign", ACTIVE)
def test_every_active_sign_is_guarded(sign: str) -> None:
    assert guard(f"{sign}1") == f"'{sign}1"
    assert guard(f"a;{sign}x").startswith("a;'")


def test_plain_texts_are_left_alone() -> None:
    for text in ("Иванов", "a - b", "5 + 5", "anna@example.com", "O'Neil", "'quoted'", "{=1}"):
        assert guard(text) == text
        assert unguard(text) == text


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(SAFE, min_size=3, max_size=3), max_size=8),
    st.sampled_from([";", ",", "\t", "|"]),
    st.sampled_from(["utf-8-sig", "utf-8", "utf-16"]),
)
def test_every_table_reads_back_as_it_was_written(rows: list[list[str]], separator: str, encoding: str) -> None:
    if encoding == "utf-16":
        encoding = "utf-16-le"
    style = CsvStyle(encoding=encoding, separator=separator)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        written(path, [Column(title=title) for title in ("=a", "б", "c")], rows, style)
        shape = FileShape(encoding=Guess(value=encoding), separator=Guess(value=separator))
        with open_rows(path, shape) as found:
            assert found.headings == ("=a", "б", "c")
            assert [row.values for row in found] == [tuple(row) for row in rows if any(row)]


def test_numbers_keep_their_minus_and_texts_lose_their_power(tmp_path: Path) -> None:
    columns = [Column(title="Имя"), Column(title="Сумма", kind="money")]
    rows: list[list[Cell | None]] = [["=1+1", Decimal("-5.50")], ["+7 903", "-7,5"], ["-7,5", "-7,5;=A1"], [None, 3]]
    data = written(tmp_path / "a.csv", columns, rows, CsvStyle())
    assert data.startswith(b"\xef\xbb\xbf")
    lines = data.decode("utf-8-sig").split("\r\n")
    assert lines == ["Имя;Сумма", "'=1+1;-5,50", "'+7 903;-7,5", "'-7,5;\"'-7,5;'=A1\"", ";3", ""]


def test_values_are_written_so_that_they_can_be_read_back(tmp_path: Path) -> None:
    moment = dt.datetime(2024, 3, 1, 12, 30, tzinfo=dt.UTC)
    row: list[Cell | None] = [dt.date(2024, 3, 1), moment, True, Decimal("1E+3")]
    columns = [Column(title=title) for title in "abcd"]
    iso = written(tmp_path / "iso.csv", columns, [row], CsvStyle(decimal_mark=".")).decode("utf-8-sig")
    assert iso.split("\r\n")[1] == "2024-03-01;2024-03-01 12:30:00Z;1;1000"
    russian = written(tmp_path / "ru.csv", columns, [row], CsvStyle(day_first=True)).decode("utf-8-sig")
    assert russian.split("\r\n")[1] == "01.03.2024;01.03.2024 12:30:00Z;1;1000"


def test_characters_that_the_encoding_lacks_are_counted(tmp_path: Path) -> None:
    with CsvTable(tmp_path / "a.csv", [Column(title="имя")], CsvStyle(encoding="cp1251")) as table:
        table.add(["Иванов"])
        table.add(["日本"])
    assert table.altered == 1
    assert (tmp_path / "a.csv").read_bytes().decode("cp1251") == "имя\r\nИванов\r\n??\r\n"


def test_a_workbook_holds_texts_as_texts_and_values_as_values(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    columns = [Column(title=title) for title in ("Имя", "Число", "День", "Когда", "Да", "Ссылка")]
    moment = dt.datetime(2024, 3, 1, 12, 30, tzinfo=dt.UTC)
    rows: list[list[Cell | None]] = [
        ["=1+1", Decimal("-5.25"), dt.date(2024, 3, 1), moment, True, "https://example.com"],
        ["{=1}", 12345678901234567890, dt.date(1812, 9, 7), None, False, "-x\n=y"],
    ]
    with XlsxTable(path, columns, dt.timezone(dt.timedelta(hours=3))) as table:
        for row in rows:
            table.add(row)
    with open_rows(path, detect(path)) as found:
        values = [row.values for row in found]
    shown = dt.datetime(2024, 3, 1, 15, 30)
    assert values[0] == ("=1+1", Decimal("-5.25"), dt.date(2024, 3, 1), shown, True, "https://example.com")
    assert values[1] == ("{=1}", "12345678901234567890", "1812-09-07", "", False, "-x\n=y")
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "<hyperlink" not in sheet
        assert 'state="frozen"' in sheet


def test_texts_longer_than_excel_can_hold_are_cut_and_counted(tmp_path: Path) -> None:
    with XlsxTable(tmp_path / "a.xlsx", [Column(title="a")]) as table:
        table.add(["x" * 40_000])
    assert table.altered == 1


def test_refused_rows_go_into_a_file_that_can_be_corrected_and_imported(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text('имя;тел\n"Анна ""А"";1";=x\n"b;2\nc;3;4\n', encoding="utf-8")
    shape = detect(source, {"separator": ";", "header": "yes"})
    path = tmp_path / "errors.csv"
    with open_rows(source, shape) as rows, CsvTable(path, ErrorTable.columns(rows.headings, "Ошибка")) as table:
        errors = ErrorTable(table, len(rows.headings))
        for row in rows:
            errors.add(row.values, [str(row.problem.message) if row.problem else "плохо"])
    with path.open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.reader(file, delimiter=";"))
    assert found[0] == ["имя", "тел", "Ошибка"]
    assert [unguard(cell) for cell in found[1]] == ['Анна "А";1', "=x", "плохо"]
    assert found[2][0] == '"b;2'
    assert found[3] == ["c", "3", "This row has 3 cells, but the heading has 2.; 4"]
