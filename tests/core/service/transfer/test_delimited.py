"""Rows come out one by one, whatever is wrong with their neighbours."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_core.errors import Invalid
from crm_core.service.transfer import FileShape, Guess, Row, open_rows
from crm_core.service.transfer.table import MAX_CELL_CHARS, MAX_COLUMNS, column_letters

Put = Callable[..., Path]
COMMA = FileShape(separator=Guess(value=","), unguard=False)


def rows_of(path: Path, shape: FileShape = COMMA) -> list[Row]:
    with open_rows(path, shape) as rows:
        return list(rows)


def problems(rows: list[Row]) -> list[tuple[int, str]]:
    return [(row.line, row.problem.id) for row in rows if row.problem]


def test_rows_carry_the_line_at_which_they_begin(put: Put) -> None:
    rows = rows_of(put('a,b\n1,"x\ny"\n\n2,z\n'))
    assert [(row.line, row.values) for row in rows] == [(2, ("1", "x\ny")), (5, ("2", "z"))]


@pytest.mark.parametrize("text", ['a,b\n1,2\n"3,4\n5,6\n7,8\n', 'a,b\n1,2\n3,"4\n5,6\n7,8\n'])
def test_an_unclosed_quotation_mark_costs_one_row(put: Put, text: str) -> None:
    rows = rows_of(put(text))
    assert problems(rows) == [(3, "row.quotes")]
    assert [row.values for row in rows if not row.problem] == [("1", "2"), ("5", "6"), ("7", "8")]


def test_quotation_marks_that_are_not_doubled_cost_one_row(put: Put) -> None:
    rows = rows_of(put('name,city\n"ООО "Ромашка"",Уфа\nООО "Лютик",Омск\n'))
    assert problems(rows) == [(2, "row.quotes")]
    assert rows[0].values == ('"ООО "Ромашка"",Уфа',)
    assert rows[1].values == ('ООО "Лютик"', "Омск")


def test_short_rows_are_filled_up_with_a_warning(put: Put) -> None:
    (row,) = rows_of(put("a,b,c\n1\n"))
    assert (row.values, row.problem) == (("1", "", ""), None)
    assert row.warning is not None
    assert row.warning.id == "row.short"


def test_long_rows_are_problems_unless_the_rest_is_empty(put: Put) -> None:
    rows = rows_of(put("a,b\n1,2,,\n1,2,3\n"))
    assert rows[0] == Row(2, ("1", "2"))
    assert problems(rows) == [(3, "row.long")]
    assert rows[1].values == ("1", "2", "3")


def test_zero_characters_are_refused_by_row(put: Put) -> None:
    assert problems(rows_of(put(b"a,b\n1,\x00\n2,3\n"))) == [(2, "row.zero_character")]


def test_a_huge_cell_is_refused_by_row(put: Put) -> None:
    rows = rows_of(put("a,b\n1," + "x" * (MAX_CELL_CHARS + 1) + "\n2,3\n"))
    assert problems(rows) == [(2, "row.cell_too_long")]
    assert rows[1].values == ("2", "3")


def test_a_line_of_ten_megabytes_is_refused_without_being_held(put: Put) -> None:
    path = put(b"a,b\n1," + b"x" * 10_000_000 + b"\n2,3\n")
    rows = rows_of(path)
    assert problems(rows) == [(2, "row.line_too_long")]
    assert rows[1].values == ("2", "3")


def test_a_row_of_a_hundred_thousand_cells_refuses_the_file(put: Put) -> None:
    path = put("a,b\n1,2\n" + "1," * 100_000 + "\n")
    with pytest.raises(Invalid) as caught:
        rows_of(path)
    assert caught.value.problems[0].id == "file.too_many_columns"
    assert str(MAX_COLUMNS) in str(caught.value.problems[0].message)


def test_line_ends_may_be_mixed(put: Put) -> None:
    assert [row.values for row in rows_of(put("a,b\r\n1,2\r3,4\n5,6\r\n"))] == [("1", "2"), ("3", "4"), ("5", "6")]


def test_columns_without_a_heading_are_called_by_their_letters(put: Put) -> None:
    with open_rows(put("name,,\n1,2,3\n"), COMMA) as rows:
        assert rows.headings == ("name", "B", "C")
    assert [column_letters(index) for index in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_a_file_without_a_heading_gives_its_first_row_too(put: Put) -> None:
    shape = COMMA.choose(header="no")
    assert [row.values for row in rows_of(put("1,2\n3,4\n"), shape)] == [("1", "2"), ("3", "4")]


def test_quotation_marks_may_be_plain_text(put: Put) -> None:
    shape = COMMA.choose(quote="")
    assert rows_of(put('a,b\n"1,2"\n'), shape)[0].values == ('"1', '2"')


def test_progress_grows_to_one(put: Put) -> None:
    rows = open_rows(put("a,b\n" + "1,2\n" * 50_000), COMMA)
    seen = [rows.done for _row in rows]
    assert seen == sorted(seen)
    assert 0 < seen[0] < 0.5
    assert rows.done == 1.0


def test_memory_does_not_grow_with_the_number_of_rows(put: Put) -> None:
    def peak(count: int) -> int:
        path = put("a,b,c\n" + "some text,12345,another text\n" * count, f"{count}.csv")
        tracemalloc.start()
        assert sum(1 for _row in open_rows(path, COMMA)) == count
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(60_000) < peak(2_000) + 100_000


def test_many_broken_rows_are_read_in_linear_time(put: Put) -> None:
    rows = rows_of(put("a,b\n" + '"x,1\n' * 20_000))
    assert len(rows) == 20_000
    assert {row.problem.id for row in rows if row.problem} == {"row.quotes"}
