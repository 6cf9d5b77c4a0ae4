"""Whatever a file holds, loading gives problems or a mapping, and never an exception."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from good_workspace import FILES, write_workspace
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_spec_wrong_mappings import problems_of

from engine.language.spec.books import load_books
from engine.words.codes import CODES

SCRAPS = [
    b"{",
    b"}",
    b"[",
    b"]",
    b": ",
    b"- ",
    b"'",
    b'"',
    b"\t",
    b"&a ",
    b"*a",
    b"!x ",
    b"null",
    b"010",
    b"{{",
    b"}}",
]
SCRAPS += [b"\n", b"\n  ", b"|\n", b"? ", b"<<: ", b"{}", b"[]", b'""', b"for: x in y", b"loop", b"\x00", b"\xff"]

Edit = tuple[str, int, int, bytes]
edits = st.lists(
    st.tuples(
        st.sampled_from(["insert", "cut", "drop line", "double line", "null"]),
        st.integers(0, 5000),
        st.integers(1, 12),
        st.sampled_from(SCRAPS) | st.binary(max_size=4),
    ),
    min_size=1,
    max_size=4,
)


def edited(content: bytes, edit: Edit) -> bytes:
    kind, at, length, scrap = edit
    lines = content.split(b"\n")
    if kind == "insert":
        at %= len(content) + 1
        return content[:at] + scrap + content[at:]
    if kind == "cut":
        at %= len(content) + 1
        return content[:at] + content[at + length :]
    at %= len(lines)
    if kind == "drop line":
        return b"\n".join([*lines[:at], *lines[at + 1 :]])
    if kind == "double line":
        return b"\n".join([*lines[: at + 1], *lines[at:]])
    key = lines[at].split(b":")[0]
    return b"\n".join([*lines[:at], key + b": " + scrap, *lines[at + 1 :]])


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@given(name=st.sampled_from([name for name in FILES if name.endswith(".yaml")]), changes=edits)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_an_edit_gives_problems_and_never_an_exception(root: Path, name: str, changes: list[Edit]) -> None:
    write_workspace(root)
    content = FILES[name].encode()
    for change in changes:
        content = edited(content, change)
    (root / name).write_bytes(content)
    problems = (*problems_of(root), *load_books(root / "books.yaml", root)[1])
    lines = content.count(b"\n") + content.count(b"\r") + 2
    for problem in problems:
        assert problem.code in CODES
        assert problem.place.line >= 1
        assert problem.place.column >= 1
        assert problem.place.file != name or problem.place.line <= lines
        assert problem.sentence


@given(content=st.binary(max_size=200))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_bytes_give_problems_and_never_an_exception(root: Path, content: bytes) -> None:
    write_workspace(root)
    (root / "mappings/bills.yaml").write_bytes(content)
    assert any(problem.place.file == "mappings/bills.yaml" for problem in problems_of(root))
