"""The ledger in a SQL database: SQLite in a file, or PostgreSQL by URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection

from engine.adapters.store import (
    claims,
    intake,
    leases,
    moving,
    payloads,
    reading,
    run_rows,
    sending,
    trail,
    verifying,
)
from engine.adapters.store.database import Database, open_database
from engine.adapters.store.dialect import LeaseTime
from engine.adapters.store.payload_seal import PayloadSeal
from engine.adapters.store.port import (
    Attempt,
    Conclusion,
    Decision,
    Intent,
    Lease,
    RecordRow,
    RecordSum,
    RunRow,
    TurnLost,
)
from engine.adapters.store.tables import storable
from engine.adapters.store.transaction import Act, Transaction
from engine.adapters.store.writing import Step, do_together
from engine.domain.audit_event import AuditEvent
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey, SourceRecord
from engine.words.clock import Clock, IdMaker, Instant

T = TypeVar("T")

PROBLEMS_MAX = 1000


def open_ledger(
    url: str, *, audit_key: bytes, clock: Clock, make_id: IdMaker, leases_by: LeaseTime | None = None
) -> SqlLedger:
    """The ledger behind a URL (`sqlite:////folder/ledger.db`, `postgresql://host/database`), made on first use.

    A SQLite file is made for its owner only. Several threads and processes may use it at once, on PostgreSQL
    from several machines: leases are judged by the server's clock, unless `leases_by` names another.

    Raises:
        LedgerError: it cannot be opened, is damaged, or was made by a newer program.
    """
    return SqlLedger(open_database(url, clock, make_id), audit_key=audit_key, clock=clock, leases_by=leases_by)


class SqlLedger:
    """A ledger in SQL; see the port for what each method promises."""

    def __init__(
        self, database: Database, *, audit_key: bytes, clock: Clock, leases_by: LeaseTime | None = None
    ) -> None:
        self._database = database
        self._trail = trail.Trail(audit_key)
        self._clock = clock
        self._leases_by = leases_by or database.lease_time(clock)

    @property
    def database(self) -> Database:
        """The database that the ledger is kept in, for the small stores that stand beside it."""
        return self._database

    @property
    def payload_seal(self) -> PayloadSeal:
        """What payloads are sealed with, for the small stores that keep some."""
        return self._trail.payload_seal

    def start_run(self, run: str, mapping: str, who: str) -> None:
        """Open a run."""
        self._write(run, lambda transaction: run_rows.start(transaction, run, mapping), who)

    def end_run(self, run: str, result: Mapping[str, Any]) -> None:
        """Close a run with its counts."""
        self._write(run, lambda transaction: run_rows.end(transaction, run, result))

    def runs(self, *, limit: int = 20) -> tuple[RunRow, ...]:
        """The latest runs, newest first."""
        return self._database.read(lambda connection: run_rows.latest(connection, limit))

    def register(self, records: Sequence[SourceRecord], run: str) -> None:
        """Keep one page of records."""
        if records:
            page = intake.taken_in(self._trail.payload_seal, records)
            self._database.read(lambda connection: intake.pack_new(connection, page))
            self._write(run, lambda transaction: intake.register(transaction, page, run))

    def withdraw_unseen(self, connection: str, feed: str, run: str) -> int:
        """Withdraw the undecided records of the feed that this run did not see."""
        return self._write(run, lambda transaction: intake.withdraw_unseen(transaction, connection, feed, run))

    def records(
        self,
        *,
        mapping: str | None = None,
        states: Sequence[State] = (),
        feed: tuple[str, str] | None = None,
        seen_run: str | None = None,
        keys: Sequence[str] = (),
        labels: Sequence[str] = (),
        unacknowledged: bool = False,
        after_id: int = 0,
        limit: int = 500,
    ) -> tuple[RecordRow, ...]:
        """Records by id, from `after_id` on."""
        return self._database.read(
            lambda connection: reading.find_records(
                connection,
                mapping=mapping,
                states=states,
                feed=feed,
                seen_run=seen_run,
                keys=keys,
                labels=labels,
                unacknowledged=unacknowledged,
                after_id=after_id,
                limit=limit,
            )
        )

    def counts(self) -> tuple[tuple[str, State, str, int, Decimal], ...]:
        """Mapping, state, currency, number and amount of all records."""
        return self._database.read(reading.counts)

    def numbers(self) -> tuple[tuple[str, State, int], ...]:
        """Mapping, state and number of all records."""
        return self._database.read(reading.numbers)

    def sums(self, mapping: str, feeds: Sequence[tuple[str, str]]) -> tuple[RecordSum, ...]:
        """Where the records of a mapping stand."""
        return self._database.read(lambda connection: reading.sums(connection, mapping, feeds))

    def payload(self, payload_hash: str) -> Any:
        """A stored payload as JSON, or None."""
        return self.payloads([payload_hash]).get(payload_hash)

    def payloads(self, hashes: Sequence[str]) -> Mapping[str, Any]:
        """Stored payloads as JSON by their hashes, without those that are not there."""
        seal = self._trail.payload_seal
        return self._database.read(lambda connection: payloads.read(connection, seal, hashes))

    def decide(self, decisions: Sequence[Decision], run: str, who: str) -> None:
        """Move a batch of records, all or none."""
        if decisions:
            self._step(moving.Decide(decisions=decisions), run, who)

    def begin(self, intent: Intent, lease: Lease, run: str, who: str) -> Attempt:
        """Record the intent."""
        (attempt,) = self.begin_many([intent], lease, run, who)
        return attempt

    def begin_many(self, intents: Sequence[Intent], lease: Lease, run: str, who: str) -> tuple[Attempt, ...]:
        """Record the intents of one bulk call, all or none."""
        requests = [(intent, payloads.packed(self._trail.payload_seal, intent.request)) for intent in intents]
        rows = self._step(sending.Begin(intents=requests, lease=lease), run, who)
        return tuple(Attempt(**row) for row in rows)

    def conclude_many(self, ended: Sequence[tuple[Attempt, Conclusion]], run: str, who: str) -> None:
        """Record how attempts ended and move their records."""
        ends = [
            sending.End(
                attempt=attempt,
                conclusion=conclusion,
                answer=payloads.packed(self._trail.payload_seal, conclusion.answer),
            )
            for attempt, conclusion in ended
        ]
        for end, given in zip(ends, self._step(sending.Ends(ends=ends), run, who), strict=True):
            if isinstance(given, Exception):
                raise given
            if not given:
                raise TurnLost(
                    f"the answer to attempt {end.attempt.id} came after another runner had put it in doubt: "
                    "nothing more is sent"
                )

    def holder_of(self, namespace: str, dedupe_keys: Sequence[str]) -> Mapping[str, RecordKey]:
        """Which records hold the claims on these keys."""
        return self._database.read(lambda connection: claims.holders(connection, namespace, dedupe_keys))

    def interrupted(self, mapping: str, company: str) -> tuple[RecordRow, ...]:
        """Records still `sending`."""
        return self._database.read(lambda connection: reading.interrupted(connection, mapping, company))

    def doubt(self, record_ids: Sequence[int], since: Instant, run: str, who: str) -> None:
        """Put interrupted records in doubt."""
        self._write(run, lambda transaction: sending.doubt(transaction, record_ids, since), who)

    def take_lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """The lease, or None when another holds it."""

        def work(connection: Connection) -> Lease | None:
            now = self._leases_by(connection)
            return leases.take(connection, name, holder, leases.after(now, seconds), now)

        return self._database.write(work)

    def renew_lease(self, lease: Lease, seconds: float) -> Lease:
        """More time."""
        return self._database.write(
            lambda connection: leases.renew(connection, lease, leases.after(self._leases_by(connection), seconds))
        )

    def release_lease(self, lease: Lease) -> None:
        """Give it back."""
        self._database.write(lambda connection: leases.release(connection, lease, self._leases_by(connection)))

    def lease_holder(self, name: str) -> Lease | None:
        """Who holds a lease, if anyone does."""
        return self._database.read(lambda connection: leases.holder(connection, name, self._leases_by(connection)))

    def attempts(self, record_id: int) -> tuple[Attempt, ...]:
        """The attempts of a record, oldest first."""
        return self._database.read(lambda connection: reading.attempts_of(connection, record_id))

    def audit(self, event: AuditEvent) -> None:
        """An event that is not the change of a record."""
        self._database.write(lambda connection: self._trail.append(connection, [event]))

    def trail(self, record: str | None = None) -> Iterator[tuple[int, AuditEvent, str]]:
        """Audit events in order with their number and hash."""

        def ids(connection: Connection) -> tuple[int, ...]:
            return tuple(reading.by_record_key(connection, [str(record)]))

        def page(connection: Connection) -> Sequence[Any]:
            return trail.page(connection, after, of)

        of = None if record is None else trail.Of(storable(record), self._database.read(ids))
        after: int | None = None
        while rows := self._database.read(page):
            for row in rows:
                yield row.seq, trail.event_of(row), row.hash
            after = rows[-1].seq

    def head(self) -> tuple[int, str, str]:
        """Number, hash and key id of the last audit event."""
        return self._database.read(self._trail.head)

    def verify_trail(self, head: tuple[int, str] | None = None) -> tuple[str, ...]:
        """What does not fit in the audit trail, in words."""

        def work(connection: Connection) -> tuple[str, ...]:
            with closing(verifying.problems(connection, self._trail, head)) as told:
                first = tuple(islice(told, PROBLEMS_MAX))
                more = "there is more that does not fit: these are the first"
                return first if next(told, None) is None else (*first[:-1], more)

        return tuple(sentence.encode(errors="backslashreplace").decode() for sentence in self._database.read(work))

    def close(self) -> None:
        """Close the store; a second call does nothing."""
        self._database.close()

    def _step(self, step: Step, run: str, who: str) -> Any:
        """A call of a run that is done together with what its other threads write at this moment."""

        def work(connection: Connection, steps: Sequence[Any]) -> Sequence[Any]:
            return do_together(self._begun(connection, run, who), steps, lambda: self._leases_by(connection))

        return self._database.write_together((run, who), work, step)

    def _write(self, run: str | None, work: Callable[[Transaction], T], who: str | None = None) -> T:
        """Work of a run, by that person, or by the one who started the run."""

        def in_transaction(connection: Connection) -> T:
            author = run_rows.author(connection, run or "") if who is None else who
            return work(self._begun(connection, run, author))

        return self._database.write(in_transaction)

    def _begun(self, connection: Connection, run: str | None, who: str) -> Transaction:
        act = Act(who=who, run=run)
        return Transaction(connection=connection, now=self._clock.now(), act=act, trail=self._trail)
