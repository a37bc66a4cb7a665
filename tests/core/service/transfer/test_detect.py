"""The shape of a table is found, shown with its doubts, and can be changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_core.errors import Invalid
from crm_core.service.transfer import FileShape, detect, file_format, open_rows

Put = Callable[..., Path]


def first(path: Path, shape: FileShape) -> tuple[object, ...]:
    with open_rows(path, shape) as rows:
        return next(rows).values


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize(("end", "name"), [("\r\n", "crlf"), ("\n", "lf"), ("\r", "cr")])
def test_separator_and_line_end_are_found(put: Put, separator: str, end: str, name: str) -> None:
    lines = ["name", "city", "note"], ["Anna", "Bonn", "a"], ["Boris", "Ufa", "b"]
    shape = detect(put(end.join(separator.join(line) for line in lines) + end))
    assert (shape.separator.value, shape.line_end.value, shape.columns) == (separator, name, 3)


def test_decimal_commas_do_not_look_like_separators(put: Put) -> None:
    shape = detect(put("клиент;сумма;остаток\nА;1,5;2,25\nБ;3,75;4,5\n"))
    assert (shape.separator.value, shape.decimal_mark.value, shape.doubts) == (";", ",", ())


def test_lists_inside_of_cells_do_not_look_like_separators(put: Put) -> None:
    assert detect(put("id,name,deals\n1,A,10;11\n2,B,12;13\n3,C,14;15\n")).separator.value == ","


def test_a_single_column_keeps_its_commas(put: Put) -> None:
    path = put("address\nLenina 5, Moscow\nMira 1\n")
    assert [row.values for row in open_rows(path, detect(path))] == [("Lenina 5, Moscow",), ("Mira 1",)]


def test_the_line_by_which_excel_is_told_the_separator_is_left_out(put: Put) -> None:
    path = put("sep=|\r\nname|city\r\nAnna|Ufa, RU\r\n")
    rows = open_rows(path, detect(path))
    assert (rows.headings, [row.values for row in rows]) == (("name", "city"), [("Anna", "Ufa, RU")])


def test_titles_above_the_table_are_left_out(put: Put) -> None:
    path = put("Отчёт по клиентам;;\n\nимя;город;телефон\nАнна;Уфа;+7 903 111-22-33\n")
    rows = open_rows(path, detect(path))
    assert (rows.headings, [row.line for row in rows]) == (("имя", "город", "телефон"), [4])


@pytest.mark.parametrize(
    ("text", "answer", "doubtful"),
    [
        ("name;phone\nAnna;+7 903 111-22-33\n", "yes", False),
        ("aaa;bbb\nAnna;2024-01-02\nBoris;2024-01-03\n", "yes", False),
        ("Anna;anna@example.com\nBoris;boris@example.com\n", "no", False),
        ("Anna;Ufa\nBoris;Bonn\n", "yes", True),
    ],
)
def test_a_heading_is_told_from_data_or_doubted(put: Put, text: str, answer: str, doubtful: bool) -> None:
    header = detect(put(text)).header
    assert (header.value, header.doubtful) == (answer, doubtful)


@pytest.mark.parametrize(
    ("dates", "order", "doubtful"),
    [
        (["25.03.2024", "01.02.2024"], "dmy", False),
        (["03/25/2024", "01/02/2024"], "mdy", False),
        (["25/03/24", "01/02/24"], "dmy", False),
        (["2024-03-25", "2024-01-02"], "ymd", False),
        (["01.02.2024", "03.04.2024"], "dmy", False),
        (["01/02/2024", "03/04/2024"], "ambiguous", True),
        (["25/03/2024", "03/25/2024"], "dmy", True),
    ],
)
def test_the_order_of_dates_is_found_or_reported_as_ambiguous(
    put: Put, dates: list[str], order: str, doubtful: bool
) -> None:
    guess = detect(put("name;day\n" + "".join(f"a;{day}\n" for day in dates))).date_order
    assert (guess.value, guess.doubtful) == (order, doubtful)


@pytest.mark.parametrize(
    ("amounts", "mark", "doubtful"),
    [
        (["1 234,50", "7,5"], ",", False),
        (["1,234.50", "7.5"], ".", False),
        (["1.234,50"], ",", False),
        (["12.345", "1.999"], ",", True),
        (["1000", "25"], ",", False),
    ],
)
def test_the_decimal_mark_is_found_or_doubted(put: Put, amounts: list[str], mark: str, doubtful: bool) -> None:
    guess = detect(put("name;amount\n" + "".join(f"a;{amount}\n" for amount in amounts))).decimal_mark
    assert (guess.value, guess.doubtful) == (mark, doubtful)


def test_single_quotation_marks_around_cells_are_found(put: Put) -> None:
    path = put("'name','city'\n'Anna','Ufa, RU'\n'Boris','Bonn'\n")
    shape = detect(path)
    assert shape.quote.value == "'"
    assert first(path, shape) == ("Anna", "Ufa, RU")


def test_what_a_person_chose_is_certain_and_the_rest_follows(put: Put) -> None:
    path = put("Иванов;Пётр\n", encoding="koi8-r")
    shape = detect(path, {"encoding": "cp1251", "header": "no"})
    assert (shape.encoding.value, shape.encoding.confidence, shape.header.value) == ("cp1251", 1.0, "no")
    assert shape.choose(encoding="koi8-r").encoding.value == "koi8-r"
    assert first(path, shape.choose(encoding="koi8-r")) == ("Иванов", "Пётр")


def test_a_choice_that_is_not_offered_is_refused(put: Put) -> None:
    with pytest.raises(Invalid) as caught:
        detect(put("a;b\n"), {"encoding": "rot13"})
    assert caught.value.problems[0].id == "file.unknown_choice"


def test_a_shape_survives_json(put: Put) -> None:
    shape = detect(put("имя;сумма\nАнна;1,5\n", encoding="cp1251"))
    assert FileShape.from_json(json.loads(json.dumps(shape.to_json()))) == shape


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "file.empty"),
        (b"\n\n\n", "file.empty"),
        (b"%PDF-1.7\n...", "file.not_text"),
        (bytes(range(1, 32)) * 50, "file.not_text"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "file.html"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "file.old_excel"),
        (b"PK\x03\x04 no archive", "file.damaged"),
        (b"a," * 100_000 + b"\n", "file.too_many_columns"),
    ],
)
def test_what_is_no_table_is_refused_with_a_reason(put: Put, content: bytes, problem: str) -> None:
    with pytest.raises(Invalid) as caught:
        detect(put(content))
    assert [each.id for each in caught.value.problems] == [problem]


def test_the_format_is_known_by_the_content(put: Put) -> None:
    assert file_format(put("a;b\n", "wrong.xlsx")) == "delimited"
    assert file_format(put("BEGIN:VCARD\nFN:A\nEND:VCARD\n", "wrong.csv")) == "vcard"
    assert file_format(put("BEGIN:VCARD\nFN:A\nEND:VCARD\n", "wide.csv", "utf-16-be")) == "vcard"


def test_a_file_of_one_long_line_is_a_table_of_one_refused_row(put: Put) -> None:
    path = put(b"x" * 10_000_000)
    shape = detect(path, {"header": "no"})
    with open_rows(path, shape) as rows:
        assert [row.problem.id for row in rows if row.problem] == ["row.line_too_long"]


REAL = [
    ("maven_crm_sales/accounts.csv", "utf-8", ",", 7, 85),
    ("maven_crm_sales/sales_pipeline.csv", "utf-8", ",", 8, 8_800),
    ("salesforce_dataloader/samples/data/accountData.csv", "cp1252", ",", 36, 423),
    ("salesforce_dataloader/samples/data/opportunityData.csv", "utf-8", ",", 31, 38),
    ("crm_import_headers/bitrix24_contact_import_captions_cp1251.csv", "cp1251", ";", 20, 1),
    ("crm_import_headers/amocrm_deals_export_header.csv", "utf-8", ",", 30, 0),
    ("crm_import_headers/pipedrive_import_sample.csv", "utf-8", ",", 13, 1),
]


@pytest.mark.parametrize(("name", "encoding", "separator", "columns", "rows"), REAL)
def test_real_exports_are_read_without_a_doubt_or_a_problem(
    shared: Path, name: str, encoding: str, separator: str, columns: int, rows: int
) -> None:
    shape = detect(shared / name)
    assert (shape.encoding.value, shape.separator.value, shape.columns) == (encoding, separator, columns)
    assert shape.doubts == ()
    found = list(open_rows(shared / name, shape))
    assert len(found) == rows
    assert [row for row in found if row.problem] == []


def test_the_order_of_dates_is_seen_behind_the_first_rows(shared: Path) -> None:
    shape = detect(shared / "superstore" / "Sample - Superstore.csv")
    assert (shape.date_order.value, shape.decimal_mark.value, shape.doubts) == ("dmy", ".", ())
