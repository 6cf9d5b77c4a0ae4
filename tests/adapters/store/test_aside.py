"""Facts set aside while they are compared: as they were put, in their order, and gone at the end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from engine.adapters.store.aside import READ_AT_ONCE, Aside, Kept
from engine.domain.record import RecordKey
from engine.words.errors import LedgerError

COUNT = 3 * READ_AT_ONCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    key: RecordKey
    part: str
    amount: Decimal | None = None
    day: date | None = None
    entries: tuple[tuple[str, Decimal], ...] = ()


def key(number: int) -> RecordKey:
    return RecordKey(connection="airbase", feed="a:b", source_id=f"c:{number}")


def fact(number: int, part: str = "") -> Fact:
    return Fact(key=key(number), part=part, amount=Decimal(f"{number}.50"), entries=(("6200", Decimal("1.10")),))


@pytest.fixture
def aside() -> Iterator[Aside]:
    with Aside() as made:
        yield made


@pytest.fixture
def kept(aside: Aside) -> Kept[RecordKey, Fact]:
    return aside.keep(Fact, lambda fact: fact.key, lambda fact: fact.part)


def test_facts_come_back_as_they_were_put_and_in_their_order(kept: Kept[RecordKey, Fact]) -> None:
    put = [fact(number) for number in reversed(range(COUNT))]
    for one in put:
        kept.put(one)
    assert list(kept.values()) == list(kept.values()) == put
    assert list(kept.items()) == [(one.key, one) for one in put]
    assert list(kept) == [one.key for one in put]
    assert len(kept) == COUNT


def test_a_fact_is_found_by_its_name_and_with_those_of_its_group(kept: Kept[RecordKey, Fact]) -> None:
    for number in range(4):
        kept.put(fact(number, "even" if number % 2 == 0 else "odd"))
    assert kept[key(2)].amount == Decimal("2.50")
    assert kept.group("even") == (fact(0, "even"), fact(2, "even"))
    assert (kept.get(key(9)), kept.group("neither")) == (None, ())
    assert key(3) in kept
    with pytest.raises(KeyError):
        kept[key(9)]


def test_a_fact_takes_the_place_of_the_one_with_its_name_even_while_they_are_gone_through(
    kept: Kept[RecordKey, Fact],
) -> None:
    for number in range(COUNT):
        kept.put(fact(number))
    for one in kept.values():
        kept.put(Fact(key=one.key, part="new", day=date(2026, 11, 3)))
    assert [one.key for one in kept.group("new")] == [key(number) for number in range(COUNT)]
    assert kept[key(1)] == Fact(key=key(1), part="new", day=date(2026, 11, 3))


def test_each_kind_has_its_own_names(aside: Aside) -> None:
    first: Kept[str, str] = aside.keep(str, str.casefold)
    second: Kept[str, str] = aside.keep(str, str.casefold)
    first.put("A")
    second.put("a")
    assert (first["a"], second["a"]) == ("A", "a")


@pytest.mark.skipif(sys.platform != "linux", reason="open files are listed there only")
def test_what_lies_in_the_file_tells_nothing(aside: Aside) -> None:
    kept: Kept[str, list[str]] = aside.keep(list[str], lambda fact: fact[0], lambda fact: fact[1])
    for number in range(2_000):
        kept.put([f"Globex {number}", "INV-77", "6200" * 500])
    files = [file for file in list(Path("/proc/self/fd").iterdir()) if file.is_symlink()]
    written = b"".join(file.read_bytes() for file in files if "etilqs" in str(file.readlink()))
    assert len(written) > 1_000_000
    assert not [text for text in (b"Globex", b"INV-77", b"62006200") if text in written]
    assert kept["Globex 7"][1] == "INV-77"


def test_where_there_is_no_room_it_is_said_so(aside: Aside, kept: Kept[RecordKey, Fact]) -> None:
    aside.run("PRAGMA max_page_count = 12")
    large = fact(1, "x" * 1_000_000)
    with pytest.raises(LedgerError, match="cannot be set aside in a temporary file: database or disk is full"):
        kept.put(large)
