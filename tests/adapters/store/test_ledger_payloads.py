"""Payloads: read in batches, packed in any version, and text that a database does not like."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from random import Random
from threading import Event, Thread

import pytest
from ledger_scene import NAMESPACE, RUN, WHO, act, begin, bill, kinds, open_at, ready, row_of, turn
from stores import Store

from engine.adapters.store import packing, payloads
from engine.adapters.store.payload_seal import PayloadSeal
from engine.adapters.store.port import ClaimTaken, Conclusion, Decision, Ledger
from engine.domain.lifecycle import State
from engine.words.clock import ManualClock
from engine.words.json_value import digest, encode


def test_payloads_are_read_in_one_batch(ledger: Ledger) -> None:
    ledger.register([bill(f"b-{number}", total=Decimal(number)) for number in range(1100)], RUN)
    rows = ledger.records(limit=5000)
    hashes = [row.payload_hash for row in rows]
    found = ledger.payloads([*hashes, "0" * 64, hashes[0]])
    assert set(found) == set(hashes)
    for row in rows:
        payload = found[row.payload_hash]
        assert payload["airbase_id"] == row.key.source_id
        assert isinstance(payload["total"], Decimal)
    assert ledger.payloads([]) == {}
    assert ledger.payload("0" * 64) is None


def test_a_number_is_read_again_as_it_was_kept(ledger: Ledger) -> None:
    numbers = [Decimal("5"), Decimal("1E+2"), Decimal("100.00"), Decimal("-0.010"), Decimal("0E-9"), 7, 2**80]
    ledger.register([bill("b-1", numbers=numbers)], RUN)
    kept = ledger.payload(row_of(ledger, "b-1").payload_hash)["numbers"]
    assert [f"{number:f}" for number in kept[:5]] == [f"{number:f}" for number in numbers[:5]]  # type: ignore[str-bytes-safe]
    assert [type(number) for number in kept] == [type(number) for number in numbers]
    assert ledger.verify_trail() == ()


@pytest.mark.parametrize(
    "value",
    [Decimal("5"), Decimal("1E+2"), Decimal("12.30"), Decimal("0E-9"), Decimal("-0.0"), 2**80, date(2026, 1, 2)],
)
def test_each_kind_of_value_is_kept_whatever_stands_beside_it(ledger: Ledger, value: object) -> None:
    alone, beside = {"value": value}, {"value": value, "other": Decimal("7")}
    ledger.register([bill("b-1", **alone), bill("b-2", **beside)], RUN)
    kept = [ledger.payload(row_of(ledger, name).payload_hash)["value"] for name in ("b-1", "b-2")]
    told = value.isoformat() if isinstance(value, date) else value
    assert kept == [told, told]
    assert {type(one) for one in kept} == {type(told)}
    assert ledger.verify_trail() == ()


def test_text_with_a_nul_is_kept_with_its_visible_sign(ledger: Ledger) -> None:
    """PostgreSQL has no NUL in text; a message or an id with one must not stop the work."""
    nul = "b\0-1"
    for run in (RUN, "run-2"):
        ledger.register([bill(nul, note="x\0y")], run)
    (row,) = ledger.records(keys=["b\u2400-1"])
    assert ledger.records(keys=[nul]) == (row,)
    assert ledger.payload(row.payload_hash)["note"] == "x\0y"
    told = {"mapping": "bills", "company": "EPIC06", "label": "INV\0 1", "reason": "not\0now"}
    ledger.decide([Decision(record_id=row.id, state=State.READY, **told)], RUN, WHO)
    assert [found.id for found in ledger.records(keys=["inv\0 1"])] == [row.id]
    (row,) = ledger.records()
    attempt = begin(ledger, row, "7|INV\0", turn(ledger))
    assert set(ledger.holder_of(NAMESPACE, ["7|inv\0"])) == {"7|inv\0"}
    decision = Decision(record_id=row.id, state=State.ENTERED, reference="R\0")
    conclusion = Conclusion(proof="effect", status=200, message="\0", answer={"a": "\0"}, decision=decision)
    ledger.conclude_many([(attempt, conclusion)], RUN, WHO)
    assert ledger.records()[0].reference == "R\u2400"
    ledger.audit(act({"text": "\0"}))
    assert [event.kind for _, event, _ in ledger.trail(str(row.key))] == ["seen", "moved", "intent", "outcome"]
    assert ledger.verify_trail() == ()


def test_very_long_keys_and_labels_are_kept_found_and_told_apart(ledger: Ledger) -> None:
    """Of letters that do not compress: PostgreSQL has no index of very long values."""
    long = Random(7).randbytes(5_000).hex()
    first, second = ready(ledger, "b-1", "b-2", label=long)
    lease = turn(ledger)
    begin(ledger, first, f"{long}1", lease)
    begin(ledger, second, f"{long}2", lease)
    assert ledger.holder_of(NAMESPACE, [f"{long}1", f" {long.upper()}2", long]) == {
        f"{long}1": first.key,
        f" {long.upper()}2": second.key,
    }
    assert [row.id for row in ledger.records(keys=[long.upper()])] == [first.id, second.id]
    (third,) = ready(ledger, "b-3")
    with pytest.raises(ClaimTaken):
        begin(ledger, third, f"{long}1 ", lease)


def test_a_trail_that_is_written_to_meanwhile_verifies(ledger: Ledger, store: Store, clock: ManualClock) -> None:
    """A check reads one moment of the ledger, so events that come while it runs are no discrepancy."""
    ledger.register([bill(f"b-{number}") for number in range(700)], RUN)
    stop = Event()
    other = open_at(store.url, clock)

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            other.audit(act({"number": number}, at=clock.now() + timedelta(seconds=number)))

    thread = Thread(target=write)
    thread.start()
    try:
        assert [ledger.verify_trail() for _ in range(8)] == [()] * 8
    finally:
        stop.set()
        thread.join()
        other.close()
    assert len(kinds(ledger, "b-1")) == 1


def test_the_words_that_payloads_share_never_change() -> None:
    assert sha256(packing._words()).hexdigest() == "afcb97180e22730839282507557ce3a1815140380ed26b932ad9ae45f502f8e0"


def zlib_packed(text: bytes) -> bytes:
    """As versions 2 to 4 packed."""
    packer = zlib.compressobj(3, wbits=14, zdict=packing._words())
    return packer.compress(text) + packer.flush()


@pytest.mark.parametrize("pack", [zlib.compress, zlib_packed, packing.pack])
@pytest.mark.parametrize("sealed", [False, True])
def test_a_payload_of_any_version_is_read_and_its_damage_seen(
    pack: Callable[[bytes], bytes], *, sealed: bool
) -> None:
    content = {"invoice": "B-1", "lines": [1, 2]}
    name, seal = digest(content), PayloadSeal(b"k" * 32)

    def opened(packed: bytes) -> tuple[object, bool]:
        return payloads.opened(seal, name, seal.closed(name, packed) if sealed else packed)

    whole = pack(encode(content))
    assert opened(whole) == (content, True)
    for damaged in (whole[:-1], whole[:-4], whole + b"x", whole + whole, whole[1:], whole[:4], b"", b"\0" * 30):
        assert opened(damaged) == (None, False)
    assert payloads.opened(seal, name, pack(encode({"invoice": "B-2"})))[1] is False, "another payload's"


def test_payloads_are_packed_from_many_threads_at_once() -> None:
    texts = [encode({"invoice": f"B-{number}", "lines": ["x" * number] * 9}) for number in range(400)]
    with ThreadPoolExecutor(8) as pool:
        packed = list(pool.map(packing.pack, texts))
        assert list(pool.map(packing.unpack, packed)) == texts
    assert packed[100:] == [packing.pack(text) for text in texts[100:]], "whatever was packed before"
