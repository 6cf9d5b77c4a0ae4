"""What the tests of the ledger share: a clock, records, and short ways to bring a record into a state."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from engine.adapters.store.port import Attempt, Conclusion, Decision, Intent, Lease, Ledger, RecordRow
from engine.adapters.store.sql import open_ledger
from engine.domain.audit_event import AuditEvent
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey, SourceRecord
from engine.words.clock import Clock, ManualClock

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
AUDIT_KEY = b"0123456789abcdef0123456789abcdef"
CONNECTION, FEED = "airbase", "/v1/accounting/ledger_entries/"
NAMESPACE = "epicor|EPIC06|APInvoices"
RUN, WHO = "run-1", "rosa"
TURN = "bills@EPIC06"


def open_at(url: str, clock: Clock | None = None, audit_key: bytes = AUDIT_KEY) -> Ledger:
    """The ledger; with a clock that is moved by hand, its leases go by that clock too, else by the store's own."""
    ids = count(1)
    clock = clock or ManualClock(NOW)
    by_hand = (lambda _connection: clock.now()) if isinstance(clock, ManualClock) else None
    return open_ledger(url, audit_key=audit_key, clock=clock, make_id=lambda: f"id{next(ids)}", leases_by=by_hand)


def link(previous: str, sequence: int, event: AuditEvent, key: bytes) -> str:
    """The hash of an event as the chain's description says it, worked out without the engine."""
    row = [sequence, event.at.isoformat(), event.who, event.kind, event.record, event.run, event.detail]
    message = f"{previous}\n{json.dumps(row, sort_keys=True, separators=(',', ':'), ensure_ascii=False)}"
    return hmac.new(key, message.encode(), "sha256").hexdigest()


def bill(source_id: str, **payload: Any) -> SourceRecord:
    key = RecordKey(connection=CONNECTION, feed=FEED, source_id=source_id)
    return SourceRecord(key=key, company=None, payload={"airbase_id": source_id, **payload})


def row_of(ledger: Ledger, source_id: str) -> RecordRow:
    (row,) = ledger.records(keys=[str(bill(source_id).key)])
    return row


def ready(ledger: Ledger, *source_ids: str, **facts: Any) -> tuple[RecordRow, ...]:
    """Records that may be sent."""
    ledger.register([bill(source_id) for source_id in source_ids], RUN)
    rows = [row_of(ledger, source_id) for source_id in source_ids]
    told = {"mapping": "bills", "company": "EPIC06", **facts}
    ledger.decide([Decision(record_id=row.id, state=State.READY, **told) for row in rows], RUN, WHO)
    return tuple(row_of(ledger, source_id) for source_id in source_ids)


def turn(ledger: Ledger, holder: str = "runner 1", seconds: float = 60) -> Lease:
    lease = ledger.take_lease(TURN, holder, seconds)
    assert lease is not None
    return lease


def intent(row: RecordRow, dedupe_key: str, *, in_step: bool = False) -> Intent:
    return Intent(
        record_id=row.id,
        namespace=NAMESPACE,
        dedupe_key=dedupe_key,
        document_hash="d" * 64,
        mapping_hash="m" * 64,
        request={"call": "UpdateMaster", "body": {"InvoiceNum": dedupe_key}},
        in_step=in_step,
    )


def begin(ledger: Ledger, row: RecordRow, dedupe_key: str, lease: Lease, *, in_step: bool = False) -> Attempt:
    return ledger.begin(intent(row, dedupe_key, in_step=in_step), lease, RUN, WHO)


def conclude(ledger: Ledger, attempt: Attempt, proof: str, state: State, **rest: Any) -> None:
    doubt = rest.pop("doubt", None)
    decision = Decision(record_id=attempt.record_id, state=state, **rest)
    conclusion = Conclusion(
        proof=proof, status=200, message="told", answer={"proof": proof}, decision=decision, doubt=doubt
    )
    ledger.conclude_many([(attempt, conclusion)], RUN, WHO)


def kinds(ledger: Ledger, source_id: str) -> list[str]:
    """The kinds of a record's audit events."""
    return [event.kind for _, event, _ in ledger.trail(str(bill(source_id).key))]


def at_once(tasks: list[Callable[[], None]]) -> None:
    """Run the tasks in threads that start together."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], None]) -> None:
        barrier.wait()
        task()

    with ThreadPoolExecutor(max_workers=len(tasks)) as pool:
        for future in [pool.submit(run, task) for task in tasks]:
            future.result()


def act(detail: dict[str, object], at: datetime = NOW) -> AuditEvent:
    """The act of a person."""
    return AuditEvent(at=at, who=WHO, kind="act", record=None, run=None, detail=detail)


def tell_ten(ledger: Ledger) -> None:
    """Ten events: the run, four of the bill b-1, five acts."""
    (row,) = ready(ledger, "b-1", amount=Decimal("12.30"), currency="USD")
    conclude(ledger, begin(ledger, row, "7|INV-1", turn(ledger)), "effect", State.ENTERED)
    for number in range(5):
        ledger.audit(act({"number": number}))
