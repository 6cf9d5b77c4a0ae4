"""What the engine asks of its ledger, and the rows it gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Protocol

from engine.domain.audit_event import AuditEvent
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey, SourceRecord
from engine.words.clock import Instant
from engine.words.errors import ProgramError


class ClaimTaken(Exception):
    """Another record, `holder`, has the claim on the dedupe key of the record with this id."""

    def __init__(self, holder: RecordKey, record_id: int) -> None:
        super().__init__(f"the dedupe key is claimed by {holder}")
        self.holder = holder
        self.record_id = record_id


class NotReady(ProgramError):
    """A record is not `ready` any more: another runner dealt with it since it was read; leave it alone."""

    def __init__(self, record_id: int, sentence: str) -> None:
        super().__init__(sentence)
        self.record_id = record_id


class TurnLost(Exception):
    """The lease was taken over by another runner: stop sending at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to send for one name (`bills@EPIC06`) until it runs out; `fence` only ever grows."""

    name: str
    holder: str
    fence: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """A record in the ledger."""

    id: int
    key: RecordKey
    company: str | None
    mapping: str | None
    state: State
    cause: str
    reason: str
    label: str
    amount: Decimal | None
    currency: str | None
    book_date: str | None
    payload_hash: str
    dedupe_key: str | None
    document_hash: str | None
    entered_payload_hash: str | None
    reference: str | None
    acknowledged: str
    attempts: int
    doubt: Instant | None
    seen_run: str
    first_seen_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSum:
    """Records that stand alike: how many, and what they amount to; None when none of them has an amount."""

    company: str
    state: State
    cause: str
    currency: str
    number: int
    amount: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A new state for a record, with its reason in plain words.

    `cause` is a stable word from the catalogue of causes (`vendor_missing`), empty when there is none.
    Fields left None keep what the ledger has. `acknowledged` is `pending` while the source has yet to hear
    of the outcome. `namespace` belongs to a document that is adopted, entered without an attempt of ours:
    the record then claims its `dedupe_key` there.
    `was` is the state the decision was made for, and `tries` the number of attempts there were: when the
    record is not so any more, another runner dealt with it meanwhile, and the decision is passed over.
    """

    record_id: int
    state: State
    cause: str = ""
    reason: str = ""
    mapping: str | None = None
    company: str | None = None
    label: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    book_date: str | None = None
    dedupe_key: str | None = None
    document_hash: str | None = None
    entered_payload_hash: str | None = None
    reference: str | None = None
    acknowledged: str | None = None
    namespace: str | None = None
    in_step: bool = False
    was: State | None = None
    tries: int | None = None
    detail: Mapping[str, Any] | None = None

    def says_more_than(self, record: RecordRow) -> bool:
        """Whether it changes anything of the record."""
        for said, known in zip(_decided(self), _decided(record), strict=True):
            if said is not None and said != known:
                return True
        return False


_decided = attrgetter(*sorted({part.name for part in fields(Decision)} & {part.name for part in fields(RecordRow)}))
"""What a decision says of a record, and what the record is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is about to be sent for a record; durable before the request leaves."""

    record_id: int
    namespace: str
    dedupe_key: str
    document_hash: str
    mapping_hash: str
    request: Mapping[str, Any]
    in_step: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to send a record's document."""

    id: int
    record_id: int
    number: int
    run: str
    document_hash: str
    mapping_hash: str
    request_hash: str
    answer_hash: str | None
    proof: str | None
    status: int | None
    message: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """How an attempt ended: what was proved, and the state the record goes to."""

    proof: str
    status: int | None
    message: str
    answer: Mapping[str, Any]
    decision: Decision
    doubt: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run of a mapping."""

    id: str
    mapping: str
    who: str
    started_at: datetime
    ended_at: datetime | None
    result: Mapping[str, Any]


class Ledger(Protocol):
    """Our own store. Every method is one transaction, durable when it returns; safe from several threads.

    Every change of a record and every act of a person writes its audit event in the same transaction.
    Any failure of the store itself raises LedgerError.
    """

    def start_run(self, run: str, mapping: str, who: str) -> None:
        """Open a run."""
        ...

    def end_run(self, run: str, result: Mapping[str, Any]) -> None:
        """Close a run with its counts."""
        ...

    def runs(self, *, limit: int = 20) -> tuple[RunRow, ...]:
        """The latest runs, newest first."""
        ...

    def register(self, records: Sequence[SourceRecord], run: str) -> None:
        """Keep one page of records: new ones are `seen`, changed ones keep their state and get the new payload.

        A record seen again after it was withdrawn is `seen` once more. A second call with the same page
        changes nothing but `seen_run`.
        """
        ...

    def withdraw_unseen(self, connection: str, feed: str, run: str) -> int:
        """After a complete read: undecided records of the feed that nobody saw since this run began are withdrawn."""
        ...

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
        """Records by id, from `after_id` on.

        `keys` are whole record keys, source ids, labels such as invoice numbers (in any case), or, where a
        key is none of these, the beginning of a source id (6 characters or more). `labels` are whole labels and
        nothing else, in any case. `feed` is connection and feed. `seen_run` are those seen by that run or by one
        that began after it. `unacknowledged` are those whose `acknowledged` is `pending`.
        """
        ...

    def counts(self) -> tuple[tuple[str, State, str, int, Decimal], ...]:
        """Mapping, state, currency, number and amount of all records."""
        ...

    def numbers(self) -> tuple[tuple[str, State, int], ...]:
        """As `counts`, without money: mapping, state and number of all records."""
        ...

    def sums(self, mapping: str, feeds: Sequence[tuple[str, str]]) -> tuple[RecordSum, ...]:
        """Where the records of a mapping stand in these feeds (connection and feed), with their amounts.

        Records of the feeds that no mapping takes are counted as well.
        """
        ...

    def payload(self, payload_hash: str) -> Any:
        """A stored payload as JSON, or None when it is not there."""
        ...

    def payloads(self, hashes: Sequence[str]) -> Mapping[str, Any]:
        """Stored payloads as JSON by their hashes, in one read; without those that are not there."""
        ...

    def decide(self, decisions: Sequence[Decision], run: str, who: str) -> None:
        """Move a batch of records, all or none; a decision that changes nothing writes nothing.

        Raises:
            ProgramError: the life of a record does not have one of these moves.
            ClaimTaken: a decision with a namespace, and another record holds that dedupe key.
        """
        ...

    def begin(self, intent: Intent, lease: Lease, run: str, who: str) -> Attempt:
        """Record the intent: the claim, the attempt, and the state `sending`.

        Raises:
            ClaimTaken: another record holds the dedupe key.
            TurnLost: the lease is not ours any more.
        """
        ...

    def begin_many(self, intents: Sequence[Intent], lease: Lease, run: str, who: str) -> tuple[Attempt, ...]:
        """`begin` for the documents of one bulk call, all or none."""
        ...

    def conclude_many(self, ended: Sequence[tuple[Attempt, Conclusion]], run: str, who: str) -> None:
        """Record how attempts ended and move their records, in one transaction.

        With a proof that nothing was written, the claim is given back unless the record was entered before
        or is kept in step.

        Raises:
            TurnLost: another runner has put one of them in doubt; the others are concluded, and the late outcome
                is in the audit trail.
        """
        ...

    def holder_of(self, namespace: str, dedupe_keys: Sequence[str]) -> Mapping[str, RecordKey]:
        """Which records hold the claims on these keys."""
        ...

    def interrupted(self, mapping: str, company: str) -> tuple[RecordRow, ...]:
        """Records still `sending`: their runner ended without an outcome. Call it under the lease."""
        ...

    def doubt(self, record_ids: Sequence[int], since: Instant, run: str, who: str) -> None:
        """Put interrupted records in doubt, counting from `since`."""
        ...

    def take_lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """The lease when it is free, ran out, or is ours already; None when another holds it."""
        ...

    def renew_lease(self, lease: Lease, seconds: float) -> Lease:
        """More time.

        Raises:
            TurnLost: another runner took it over.
        """
        ...

    def release_lease(self, lease: Lease) -> None:
        """Give it back; does nothing when it is not ours any more."""
        ...

    def lease_holder(self, name: str) -> Lease | None:
        """Who holds a lease, if anyone does."""
        ...

    def attempts(self, record_id: int) -> tuple[Attempt, ...]:
        """The attempts of a record, oldest first."""
        ...

    def audit(self, event: AuditEvent) -> None:
        """An event that is not the change of a record, such as an act of a person."""
        ...

    def trail(self, record: str | None = None) -> Iterator[tuple[int, AuditEvent, str]]:
        """Audit events in order with their number and hash, read page by page; of one record, or all."""
        ...

    def head(self) -> tuple[int, str, str]:
        """Number, hash and key id of the last audit event, to be kept elsewhere; number 0 before the first."""
        ...

    def verify_trail(self, head: tuple[int, str] | None = None) -> tuple[str, ...]:
        """What does not fit in the audit trail, a sentence for each event; empty when the chain is whole.

        `head` is number and hash of an event as `head()` once gave them: with it is noticed, too, when the
        whole ledger was put back to an older state. At most 1,000 sentences.
        """
        ...

    def close(self) -> None:
        """Close the store."""
        ...
