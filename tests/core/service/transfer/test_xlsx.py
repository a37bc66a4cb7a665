"""Workbooks are read as they look, and hostile ones are refused quickly."""

from __future__ import annotations

import datetime as dt
import struct
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter

from crm_core.errors import Invalid
from crm_core.service.transfer import archive, detect, open_rows


def book(path: Path, fill: Callable[[xlsxwriter.Workbook], None]) -> Path:
    workbook = xlsxwriter.Workbook(str(path))
    fill(workbook)
    workbook.close()
    return path


@pytest.fixture
def clients(tmp_path: Path) -> Path:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        workbook.add_worksheet("Пусто")
        sheet = workbook.add_worksheet("Клиенты")
        day = workbook.add_format({"num_format": "dd.mm.yyyy"})
        moment = workbook.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        sheet.write(0, 0, "Выгрузка")
        sheet.write_row(2, 0, ["Имя", "Телефон", "Сумма", "День", "Когда", "Итог", "Да"])
        sheet.write_row(3, 0, ["Анна", 79031234567, 0.1 + 0.2])
        sheet.write_datetime(3, 3, dt.datetime(2024, 3, 1), day)
        sheet.write_datetime(3, 4, dt.datetime(2024, 3, 1, 15, 30), moment)
        sheet.write_formula(3, 5, "=2+3", None, 5)
        sheet.write_boolean(3, 6, True)
        sheet.write(9, 0, "Борис")
        workbook.add_worksheet("Скрыто").hide()

    return book(tmp_path / "clients.xlsx", fill)


def test_cells_come_as_they_look(clients: Path) -> None:
    shape = detect(clients)
    with open_rows(clients, shape) as rows:
        assert rows.headings == ("Имя", "Телефон", "Сумма", "День", "Когда", "Итог", "Да")
        found = list(rows)
    moment = dt.datetime(2024, 3, 1, 15, 30)
    assert found[0].values == ("Анна", 79031234567, Decimal("0.3"), dt.date(2024, 3, 1), moment, 5, True)
    assert isinstance(found[0].values[1], int)
    assert [row.line for row in found] == [4, 10]
    assert rows.done == 1.0


def test_the_first_sheet_with_cells_is_proposed_and_another_can_be_chosen(clients: Path) -> None:
    shape = detect(clients)
    assert (shape.format, shape.sheet, shape.sheets) == ("xlsx", "Клиенты", ("Пусто", "Клиенты"))
    with pytest.raises(Invalid) as caught:
        detect(clients, {"sheet": "Пусто"})
    assert caught.value.problems[0].id == "file.empty"
    with pytest.raises(Invalid) as caught:
        detect(clients, {"sheet": "Нет такого"})
    assert caught.value.problems[0].id == "file.no_sheet"


def rewritten(source: Path, target: Path, change: Callable[[str, bytes], bytes]) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return target


def refused(path: Path) -> str:
    with pytest.raises(Invalid) as caught:
        detect(path)
    return caught.value.problems[0].id


def test_a_bomb_is_refused_from_its_directory_alone(clients: Path, tmp_path: Path) -> None:
    bomb = rewritten(
        clients, tmp_path / "bomb.xlsx", lambda name, data: data + b" " * 30_000_000 * name.endswith("t2.xml")
    )
    whole = bomb.read_bytes()
    directory = whole.index(b"PK\x01\x02")
    # Nothing but the directory is left, so that only it can have been read.
    bomb.write_bytes(b"PK\x03\x04" + bytes(directory - 4) + whole[directory:])
    with pytest.raises(Invalid) as caught:
        archive.check_directory(bomb)
    assert caught.value.problems[0].id == "file.too_large"


def test_too_many_members_are_refused(clients: Path, tmp_path: Path) -> None:
    path = rewritten(clients, tmp_path / "many.xlsx", lambda _name, data: data)
    with zipfile.ZipFile(path, "a") as added:
        for number in range(archive.MAX_MEMBERS):
            added.writestr(f"xl/media/{number}", b"")
    assert refused(path) == "file.too_large"


def test_a_directory_that_lies_about_a_size_is_seen(clients: Path, tmp_path: Path) -> None:
    path = rewritten(
        clients, tmp_path / "liar.xlsx", lambda name, data: data + b" " * 900_000 * name.endswith("t2.xml")
    )
    with zipfile.ZipFile(path) as honest:
        member = honest.getinfo("xl/worksheets/sheet2.xml")
    size = struct.pack("<I", member.file_size)
    assert path.read_bytes().count(size) >= 1
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<I", 1_000)))
    assert refused(path) == "file.too_large"


@pytest.mark.parametrize("name", ["../evil.xml", "/etc/evil.xml", "C:\\evil.xml", "xl/worksheets/sheet1.xml"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_lead_out_or_come_twice_are_refused(clients: Path, tmp_path: Path, name: str) -> None:
    path = rewritten(clients, tmp_path / "out.xlsx", lambda _name, data: data)
    with zipfile.ZipFile(path, "a") as added:
        added.writestr(name, b"<x/>")
    assert refused(path) == "file.damaged"


@pytest.mark.parametrize("member", ["xl/sharedStrings.xml", "xl/worksheets/sheet2.xml", "xl/workbook.xml"])
def test_entities_are_refused_wherever_they_stand(clients: Path, tmp_path: Path, member: str) -> None:
    declaration = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/hostname">]>'

    def declare(name: str, data: bytes) -> bytes:
        head, mark, rest = data.partition(b"?>")
        return head + mark + declaration + rest if name == member else data

    assert refused(rewritten(clients, tmp_path / "entity.xlsx", declare)) == "file.damaged"


@pytest.mark.parametrize(
    "cells",
    [
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="ZZ1048576"><v>1</v></c></row>',
        b'<row r="1"><c r="XFD1"><v>1</v></c></row>',
        b"<row>" + b"<c><v>1</v></c>" * 1_200 + b"</row>" + b"<row></row>" * 6_000,
        b"<x:row><x:c t='n' r='ZZ1048576'><x:v>1</x:v></x:c></x:row>",
    ],
    ids=["far corner", "far column", "without places", "other prefix"],
)
def test_a_sheet_with_cells_far_apart_is_refused(clients: Path, tmp_path: Path, cells: bytes) -> None:
    def spread(name: str, data: bytes) -> bytes:
        if not name.endswith("sheet2.xml"):
            return data
        begin = data.index(b"<sheetData>") + len(b"<sheetData>")
        return data[:begin] + cells + data[data.index(b"</sheetData>") :]

    assert refused(rewritten(clients, tmp_path / "wide.xlsx", spread)) == "file.too_large"


@pytest.mark.parametrize(
    "cells",
    [
        b'<row r="1"><c r="ZZZZZZ99"><v>1</v></c></row>',
        b'<row r="1"><c r="A0"><v>1</v></c></row>',
        b"<row r=\"1\"><c x='>' r='XFD1048576'><v>1</v></c></row>",
        b'<row r="99999999999"><c><v>1</v></c></row>',
        b'<row r="1"><c ' + b" " * 2_000_000 + b'r="XFD1048576"><v>1</v></c></row>',
    ],
    ids=["no column", "no row", "hidden by a sign", "no row number", "hidden by length"],
)
def test_places_that_would_bring_the_library_down_are_refused(clients: Path, tmp_path: Path, cells: bytes) -> None:
    def misplace(name: str, data: bytes) -> bytes:
        return data.replace(b"<sheetData>", b"<sheetData>" + cells) if name.endswith("sheet2.xml") else data

    assert refused(rewritten(clients, tmp_path / "places.xlsx", misplace)) in {"file.damaged", "file.too_large"}


def test_cells_without_places_are_read_side_by_side(clients: Path, tmp_path: Path) -> None:
    rows = b"".join(b"<row><c><v>%d</v></c><c/><c><v>2</v></c></row>" % number for number in range(30_000))

    def loosen(name: str, data: bytes) -> bytes:
        if not name.endswith("sheet2.xml"):
            return data
        return data[: data.index(b"<sheetData>")] + b"<sheetData>" + rows + data[data.index(b"</sheetData>") :]

    path = rewritten(clients, tmp_path / "loose.xlsx", loosen)
    with open_rows(path, detect(path, {"header": "no"})) as found:
        values = [row.values for row in found]
    assert (len(values), values[7]) == (30_000, (7, "", 2))


def test_empty_formatted_cells_far_away_do_no_harm(tmp_path: Path) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["имя", "город"])
        sheet.write_row(1, 0, ["Анна", "Уфа"])
        sheet.write_blank(1_048_575, 16_383, None, workbook.add_format({"bold": True}))

    path = book(tmp_path / "blank.xlsx", fill)
    with open_rows(path, detect(path)) as rows:
        assert [row.values for row in rows] == [("Анна", "Уфа")]


def test_an_archive_of_another_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "other.xlsx"
    with zipfile.ZipFile(path, "w") as other:
        other.writestr("readme.txt", "hello")
    assert refused(path) == "file.not_xlsx"


def test_a_cut_off_workbook_is_named(clients: Path) -> None:
    clients.write_bytes(clients.read_bytes()[:-200])
    assert refused(clients) == "file.damaged"
