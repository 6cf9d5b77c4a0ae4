"""Files as spreadsheets leave them: encodings, separators, quotes and line ends."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.language.crosswalk import table as tables
from engine.language.crosswalk.table import Table, Unreadable, read_table, table_of_bytes

Make = Callable[..., Any]

TEXT = "account,department,gl_account\n6100,10,6100-10\n6200,*,6200-00\n"


def rows_of(table: Table) -> list[tuple[str, ...]]:
    return [row.texts for row in table.rows]


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        TEXT.rstrip("\n").encode(),
        TEXT.replace(",", ";").encode(),
        TEXT.replace(",", "\t").encode("utf-16"),
        b"sep=;\r\n" + TEXT.replace(",", ";").encode(),
        b"\n\n" + TEXT.encode() + b"\n,,\n  \n",
        TEXT.replace("\n6100,", '\n"6100",').replace("*", ' "*"').encode(),
    ],
)
def test_every_way_a_spreadsheet_saves_reads_the_same(content: bytes) -> None:
    table, warnings = table_of_bytes(content, "x.csv")
    assert warnings == ()
    assert table.columns == ("account", "department", "gl_account")
    assert rows_of(table) == [("6100", "10", "6100-10"), ("6200", "*", "6200-00")]


def test_cells_have_the_place_where_they_begin() -> None:
    table, _ = table_of_bytes(b'a,b,c\n1,"x, y\nz",3\n"q""q",,4\n', "x.csv")
    assert rows_of(table) == [("1", "x, y\nz", "3"), ('q"q', "", "4")]
    first, second = table.rows
    assert [str(table.place(first, at)) for at in range(3)] == ["x.csv:2:1", "x.csv:2:3", "x.csv:3:4"]
    assert [str(table.place(second, at)) for at in range(3)] == ["x.csv:4:1", "x.csv:4:8", "x.csv:4:9"]


def test_lines_are_counted_from_the_line_that_names_the_separator() -> None:
    table, _ = table_of_bytes(b"sep=;\na;b\n1;2\n", "x.csv")
    assert table.rows[0].line == 3


def test_a_file_of_an_old_windows_is_read_with_a_warning() -> None:
    table, warnings = table_of_bytes("account,gl\nCafé,1\n".encode("cp1252"), "x.csv")
    assert rows_of(table) == [("Café", "1")]
    assert [(w.code, str(w.place)) for w in warnings] == [("W412", "x.csv:2:4")]


@pytest.mark.parametrize(
    ("content", "code", "place", "sentence"),
    [
        (b"", "E402", "1:1", "empty"),
        (b"\n ,,\n", "E402", "1:1", "empty"),
        (b"PK\x03\x04rest", "E401", "1:1", "an Excel workbook"),
        (b"\xd0\xcf\x11\xe0rest", "E401", "1:1", "an old Excel workbook"),
        ("a,b".encode("utf-16-le"), "E401", "1:1", "neither UTF-8 nor marked as UTF-16"),
        (codecs.BOM_UTF16_LE + b"a", "E401", "1:1", "broken UTF-16"),
        (b"a,b\n\x81,1", "E401", "2:1", "neither UTF-8 nor Windows-1252"),
        (b'a,b\n1,"2\n3,4\n', "E401", "2:3", "never closed"),
        (b'a,b\n1,"2"3\n', "E406", "2:6", "text after the closing quote"),
        (b"a" + b"," * 200, "E402", "1:1", "more than 100 cells"),
        (b"a,b\n1," + b"x" * 3000, "E406", "2:3", "more than 2000 characters"),
    ],
)
def test_what_is_no_table_is_told_with_its_place(
    tmp_path: Path, content: bytes, code: str, place: str, sentence: str
) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(content)
    table, problems = read_table(file, "x.csv")
    assert table is None
    (problem,) = problems
    assert (problem.code, str(problem.place)) == (code, f"x.csv:{place}")
    assert sentence in problem.sentence


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        table, (problem,) = read_table(path, "mappings/crosswalks/none.csv")
        assert table is None
        assert problem.code == "E401"
        assert problem.place.file == "mappings/crosswalks/none.csv"


def test_a_table_has_a_bound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tables, "ROWS_MAX", 3)
    table_of_bytes(b"a\n1\n2\n3\n", "x.csv")
    with pytest.raises(Unreadable, match="more than 3 rows"):
        table_of_bytes(b"a\n1\n2\n3\n4\n", "x.csv")
    monkeypatch.setattr(tables, "BYTES_MAX", 2)
    (tmp_path / "x.csv").write_bytes(b"abc")
    assert read_table(tmp_path / "x.csv", "x.csv")[1][0].code == "E401"


@pytest.mark.parametrize(
    ("content", "code", "place", "sentence"),
    [
        ("account,department\n", "E402", "1:1", "no column 'gl_account', which mappings take"),
        ("acount,department,gl_account\n", "E402", "1:1", "no column 'account', which mappings match by"),
        ("account,department,gl_account,account\n1,2,3,4", "E402", "1:31", "a second column called 'account'"),
        ("account,,department,gl_account\n1,2,3,4", "E402", "1:9", "a column without a name"),
        ("account,department,gl_account,\n1,2,3,4", "E402", "1:31", "a column without a name"),
        ("account,department,gl_account\n1,2\n", "E403", "2:3", "the row has 2 cells, the header 3"),
        ("account,department,gl_account\n1,2,3,4\n", "E403", "2:7", "the row has 4 cells, the header 3"),
        ("account,department,gl_account,project\n1,2,3,4\n", "W521", "1:31", "no mapping uses the column 'project'"),
        ("account,department,gl_account,,\n1,2,3,,\n", "W412", "1:31", "without a name or content"),
    ],
)
def test_a_header_and_its_rows_fit(make: Make, content: str, code: str, place: str, sentence: str) -> None:
    crosswalk, problems = make(content)
    assert (crosswalk is None) == code.startswith("E")
    assert [(p.code, str(p.place)) for p in problems] == [(code, f"gl-coding.csv:{place}")]
    assert sentence in problems[0].sentence


def test_a_wrong_column_is_offered_its_neighbour(make: Make) -> None:
    _, problems = make("acount,department,gl_account\n1,2,3")
    assert problems[0].hint == "did you mean 'acount'?"


def test_columns_are_found_without_regard_to_case(make: Make) -> None:
    crosswalk, problems = make("Account, DEPARTMENT ,GL_Account,Rule\n1,2,3,r1")
    assert problems == ()
    assert crosswalk.find({"account": 1, "department": 2}, None).rule == "r1"


def test_a_column_is_either_matched_by_or_taken(make: Make) -> None:
    _, problems = make("account,gl_account\n1,2", keys=("account",), results=("account", "gl_account"))
    assert "both matched by and taken" in problems[0].sentence
    _, problems = make("rule,gl_account\n1,2", keys=("rule",))
    assert "a meaning of its own" in problems[0].sentence
