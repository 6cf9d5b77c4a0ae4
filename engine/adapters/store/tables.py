"""The ledger's tables, in SQL that SQLite and PostgreSQL both have.

Money is kept as text, because SQLite has no exact decimals, and is summed in Python as Decimal. Times are
text too: UTC with microseconds, all of one width, so that they sort. JSON of the audit trail is text in its
canonical spelling, because its hash is taken of those bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

VERSION = 5
"""Of the tables below, their guards and how payloads are packed; one that is higher is a newer program's."""

LABEL_KEY_MAX = 400

Number = BigInteger().with_variant(Integer(), "sqlite")
_BY_BYTE = Text().with_variant(Text(collation="C"), "postgresql")
"""Text compared byte by byte on both: a beginning is a range of the index, and times sort as text."""


def storable(text: str) -> str:
    """The text as it can be kept: PostgreSQL has no NUL in text, so it stands as its visible sign."""
    return text.replace("\0", "\u2400") if "\0" in text else text


def fold_label(label: str) -> str:
    """What a label is found by: without outer blanks, in one case, as much of it as an index takes."""
    return storable(label.strip().casefold())[:LABEL_KEY_MAX]


def _storable_or_none(text: str | None) -> str | None:
    return text.replace("\0", "\u2400") if text is not None and "\0" in text else text


@lru_cache(maxsize=64)
def _in_utc(moment: datetime | None) -> str | None:
    """A time as it is kept; the rows of one transaction have one time."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError("a naive time is refused")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Words(TypeDecorator[str]):
    """Text, as `storable` leaves it."""

    impl = _BY_BYTE
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:  # noqa: ARG002
        """The text without NUL."""
        return _storable_or_none


class UtcTime(TypeDecorator[datetime]):
    """An aware time, kept as text in UTC."""

    impl = _BY_BYTE
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], str | None]:  # noqa: ARG002
        """The time as text; a naive one is refused."""
        return _in_utc

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The time, aware, in UTC."""
        return None if value is None else datetime.fromisoformat(value)


class Amount(TypeDecorator[Decimal]):
    """An amount of money, kept as text with all its digits."""

    impl = _BY_BYTE
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The amount as text without an exponent."""
        return None if value is None else f"{value:f}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """The amount as it was kept."""
        return None if value is None else Decimal(value)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", Words, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("made_at", UtcTime, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("id", Words, nullable=False, unique=True),
    Column("mapping", Words, nullable=False),
    Column("who", Words, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("result", Words),
)

payloads = Table(
    "payloads",
    metadata,
    Column("hash", Words, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("kept_at", UtcTime, nullable=False),
)

records = Table(
    "records",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("connection", Words, nullable=False),
    Column("feed", Words, nullable=False),
    Column("source_id", Words, nullable=False),
    Column("company", Words),
    Column("mapping", Words),
    Column("state", Words, nullable=False),
    Column("cause", Words, nullable=False, default=""),
    Column("reason", Words, nullable=False, default=""),
    Column("label", Words, nullable=False, default=""),
    Column("label_folded", Words, nullable=False, default=""),
    Column("amount", Amount),
    Column("currency", Words),
    Column("book_date", Words),
    Column("payload_hash", Words, nullable=False),
    Column("dedupe_key", Words),
    Column("document_hash", Words),
    Column("entered_payload_hash", Words),
    Column("reference", Words),
    Column("acknowledged", Words, nullable=False, default=""),
    Column("attempts", Integer, nullable=False, default=0),
    Column("doubt_epoch", Words),
    Column("doubt_seconds", Float),
    Column("may_be_entered", Boolean, nullable=False, default=False),
    Column("seen_run", Words, nullable=False),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("connection", "feed", "source_id"),
    Index("ix_records_mapping", "mapping", "id", "state", "acknowledged"),
    Index("ix_records_feed", "connection", "feed", "id", "state"),
    Index("ix_records_source_id", "source_id"),
    Index("ix_records_label_folded", "label_folded"),
)
"""`may_be_entered` says that the target may hold a document of this record: then its claim is never released."""

attempts = Table(
    "attempts",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("record_id", ForeignKey("records.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("run", Words, nullable=False),
    Column("document_hash", Words, nullable=False),
    Column("mapping_hash", Words, nullable=False),
    Column("request_hash", Words, nullable=False),
    Column("answer_hash", Words),
    Column("proof", Words),
    Column("status", Integer),
    Column("message", Words, nullable=False, default=""),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    UniqueConstraint("record_id", "number"),
)

claims = Table(
    "claims",
    metadata,
    Column("namespace", Words, primary_key=True),
    Column("key_folded", Words, primary_key=True),
    Column("dedupe_key", Words, nullable=False),
    Column("record_id", ForeignKey("records.id"), nullable=False, index=True),
    Column("in_step", Boolean, nullable=False),
    Column("claimed_at", UtcTime, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Words, primary_key=True),
    Column("holder", Words, nullable=False),
    Column("fence", Number, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)
"""A lease given back keeps its row with an empty holder, so that its fence only ever grows."""

audit = Table(
    "audit",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("at", Words, nullable=False),
    Column("who", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("record", Words),
    Column("run", Words),
    Column("detail", Words, nullable=False),
    Column("previous", Words, nullable=False),
    Column("hash", Words, nullable=False),
    Column("key_id", Words, nullable=False),
    Column("record_id", Number, index=True),
)
Index(
    "ix_audit_record",
    audit.c.record,
    sqlite_where=audit.c.record_id.is_(None),
    postgresql_where=audit.c.record_id.is_(None),
)
"""Events are found by `record_id`, which the hash does not cover: it is held against `record` when the trail is
verified. Such an index grows at its end. One of all names is written all over, which costs more than the event: it is
for what is no record, and for events of ledgers of earlier versions."""

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", Number, nullable=False),
    Column("hash", Words, nullable=False),
    Column("key_id", Words, nullable=False),
    Column("seal", Words, nullable=False),
)
"""One row: the last event of the trail under a seal of its own, so that events cut off its end are missed."""

inbox = Table(
    "inbox",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("connection", Words, nullable=False),
    Column("event_id", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("payload_hash", Words, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("woken_at", UtcTime),
    UniqueConstraint("connection", "event_id"),
    Index("ix_inbox_woken_at", "woken_at", "number"),
)
"""Webhook events as they came, each once; `woken_at` stays empty until its mappings were asked to run."""

schedules = Table(
    "schedules",
    metadata,
    Column("name", Words, primary_key=True),
    Column("last_tick", UtcTime),
    Column("paused_at", UtcTime),
    Column("paused_by", Words, nullable=False, default=""),
    Column("reason", Words, nullable=False, default=""),
)
"""What a schedule of schedules.yaml has done: the last tick that was fired, and whether a person paused it."""

alerts = Table(
    "alerts",
    metadata,
    Column("key", Words, primary_key=True),
    Column("rule", Words, nullable=False),
    Column("cause", Words, nullable=False),
    Column("channel", Words, nullable=False),
    Column("detail", Words, nullable=False),
    Column("raised_at", UtcTime, nullable=False),
    Column("cleared_at", UtcTime),
    Column("due", Words, nullable=False, default=""),
    Column("told_at", UtcTime),
    Column("tries", Integer, nullable=False, default=0),
    Column("trouble", Words, nullable=False, default=""),
    Column("not_before", UtcTime),
    Column("claimed_until", UtcTime),
    Index("ix_alerts_due", "due", "not_before"),
)
"""What people are told of: one row for each cause and channel, so that each is told once. `due` is what waits to be
told, `not_before` when a failed delivery is tried again, `claimed_until` how long somebody who is telling it has."""
