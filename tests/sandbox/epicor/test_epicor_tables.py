from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from engine.faces.sandbox.tables import TableStore


@pytest.fixture
def store() -> TableStore:
    made = TableStore()
    made.declare("bill", ("company", "number"), ("vendor",))
    return made


def test_keys_and_look_ups_ignore_case_and_trailing_blanks(store: TableStore) -> None:
    store.put("bill", {"company": "A", "number": "Inv-1 ", "vendor": "Acme"})
    found = store.get("bill", "a", "INV-1")
    assert found is not None
    assert found["number"] == "Inv-1 "
    assert store.find("bill", vendor="ACME", number="inv-1") == [found]
    assert store.get("bill", "a", " INV-1") is None


def test_an_index_follows_its_row(store: TableStore) -> None:
    store.put("bill", {"company": "A", "number": "1", "vendor": "x"})
    store.put("bill", {"company": "A", "number": "1", "vendor": "y"})
    assert (store.find("bill", vendor="x"), len(store.find("bill", vendor="y"))) == ([], 1)
    assert store.delete("bill", "A", "1") is True
    assert store.delete("bill", "A", "1") is False
    assert store.find("bill", vendor="y") == []


def undone(store: TableStore, *work: Callable[[], object]) -> None:
    """Do the work in a transaction that fails at its end."""

    def run() -> None:
        with store.transaction():
            for step in work:
                step()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()


def bill(number: str, vendor: str = "x") -> dict[str, str]:
    return {"company": "A", "number": number, "vendor": vendor}


def test_a_transaction_that_fails_leaves_nothing_behind_and_an_inner_one_only_itself(store: TableStore) -> None:
    store.put("bill", bill("1"))
    undone(
        store,
        lambda: store.put("bill", bill("1", "y")),
        lambda: store.put("bill", bill("2", "y")),
        lambda: store.next_number("n"),
    )
    assert store.rows("bill") == (bill("1"),)
    with store.transaction():
        store.put("bill", bill("3"))
        undone(store, lambda: store.delete("bill", "A", "1"), lambda: store.delete("bill", "A", "3"))
    assert [row["number"] for row in store.rows("bill")] == ["1", "3"]
    assert [row["number"] for row in store.find("bill", vendor="x")] == ["1", "3"]
    assert store.next_number("n") == 1
    assert store.next_number("n") == 2


def test_the_remembered_order_follows_every_change(store: TableStore) -> None:
    for number in ("b", "a"):
        store.put("bill", bill(number))

    def order() -> list[str]:
        return [row["number"] for row in store.ordered("bill", ("number",))]

    assert order() == ["a", "b"]
    seen: list[list[str]] = []
    undone(store, lambda: store.put("bill", bill("0")), lambda: seen.append(order()))
    assert seen == [["0", "a", "b"]]
    assert order() == ["a", "b"]


def test_rows_come_in_the_order_of_their_keys_arrival_even_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "books.sqlite"
    first = TableStore(path)
    first.declare("bill", ("number",))
    for number in ("c", "a", "b"):
        first.put("bill", bill(number))
    first.put("bill", bill("c", "changed"))
    first.close()
    again = TableStore(path)
    again.declare("bill", ("number",))
    again.put("bill", bill("0"))
    assert [row["number"] for row in again.rows("bill")] == ["c", "a", "b", "0"]
    again.close()


def test_decimals_and_counters_come_back_exactly(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "books.sqlite"
    amounts = {"a": Decimal("60.10"), "b": Decimal("7"), "c": Decimal("0.00"), "d": Decimal("12345678901234.99")}
    first = TableStore(path)
    first.declare("bill", ("number",))
    kept = first.put("bill", {"number": 1, **amounts})
    undone(first, lambda: first.put("bill", {"number": 2}))
    first.delete("bill", 3)
    assert first.next_number("n", start=10) == 10
    first.close()
    again = TableStore(path)
    again.declare("bill", ("number",))
    assert again.rows("bill") == (kept,)
    row = again.get("bill", 1)
    assert row is not None
    assert {name: str(row[name]) for name in amounts} == {
        "a": "60.10",
        "b": "7.0",
        "c": "0.00",
        "d": "12345678901234.99",
    }
    assert all(isinstance(row[name], Decimal) for name in amounts)
    assert again.next_number("n", start=10) == 11
    again.close()
