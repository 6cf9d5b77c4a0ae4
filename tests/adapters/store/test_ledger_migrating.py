"""Bringing an older ledger up to date: from every version, by several processes at once, and under one that has it
open."""

from __future__ import annotations

import pytest
from ledger_scene import RUN, WHO, bill, open_at, ready, row_of
from stores import Store
from test_ledger_contention import contender, outputs
from test_ledger_opening import DROP_RECORD_NUMBERS, DROP_SERVICE_TABLES, UNDO_LATER_VERSIONS

from engine.adapters.store.port import Decision
from engine.adapters.store.tables import VERSION
from engine.domain.lifecycle import State
from engine.words.clock import SystemClock


def made_older(store: Store, version: int) -> None:
    """Undo what later versions added, as the program of that version left it."""
    undo = {
        1: UNDO_LATER_VERSIONS[store.url.partition(":")[0]],
        2: (*DROP_RECORD_NUMBERS, *DROP_SERVICE_TABLES),
        3: DROP_RECORD_NUMBERS,
        4: (),  # whose payloads were packed otherwise, and are read as they are
    }
    store.run(*undo[version], f"UPDATE ledger SET version = {version}")


@pytest.mark.parametrize("version", range(1, VERSION))
def test_an_older_ledger_keeps_its_records_and_its_trail(store: Store, version: int) -> None:
    ledger = open_at(store.url)
    ledger.start_run(RUN, "bills", WHO)
    ready(ledger, "b-1")
    ledger.close()
    made_older(store, version)
    ledger = open_at(store.url)
    try:
        assert store.rows("SELECT version FROM ledger") == [(VERSION,)]
        old = row_of(ledger, "b-1")
        assert old.state is State.READY
        ready(ledger, "b-2")
        ledger.decide([Decision(record_id=old.id, state=State.HELD, cause="value_wrong")], RUN, WHO)
        told = [(seq, event.kind) for seq, event, _ in ledger.trail(str(old.key))]
        assert [kind for _, kind in told] == ["seen", "moved", "moved"], "from before and after, in their order"
        assert told == sorted(told)
        assert ledger.verify_trail() == ()
    finally:
        ledger.close()


def test_three_processes_bring_it_up_to_date_at_once(store: Store) -> None:
    open_at(store.url).close()
    made_older(store, 1)
    outputs([contender(store, "start_runs", name) for name in ("one", "two", "three")])
    assert store.rows("SELECT version FROM ledger") == [(VERSION,)]
    ledger = open_at(store.url, SystemClock())
    try:
        assert len(ledger.runs(limit=200)) == 75
        assert ledger.verify_trail() == ()
    finally:
        ledger.close()


def test_a_process_that_has_it_open_goes_on_while_another_brings_it_up_to_date(store: Store) -> None:
    before = open_at(store.url)
    try:
        before.start_run(RUN, "bills", WHO)
        made_older(store, VERSION - 1)
        after = open_at(store.url)
        try:
            before.register([bill("b-1")], RUN)
            after.register([bill("b-2")], RUN)
            assert {row.key.source_id for row in before.records()} == {"b-1", "b-2"}
            assert after.verify_trail() == ()
        finally:
            after.close()
    finally:
        before.close()
