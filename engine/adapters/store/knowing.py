"""What a transaction must know before it changes records, in one question with one row for its answer.

Each list comes as one JSON text: at every statement, and at every row that it fetches, a driver lets another thread
go first, and it takes long until one's own turn comes again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection

from engine.adapters.store.dialect import executed
from engine.adapters.store.port import Lease
from engine.adapters.store.rows import Record, of_json
from engine.words.json_value import decode, encode

ClaimKey: TypeAlias = tuple[str, str]
"""The namespace of a claim and its key as it is compared."""

WRITTEN = (
    *("state", "cause", "reason", "mapping", "company", "label", "label_folded", "amount", "currency", "book_date"),
    *("dedupe_key", "document_hash", "entered_payload_hash", "reference", "acknowledged"),
    *("attempts", "doubt_epoch", "doubt_seconds", "may_be_entered"),
)
"""What of a record may change by a call, beside the time of it."""
_RECORD = ("id", "connection", "feed", "source_id", "payload_hash", *WRITTEN)
_HOLDER = ("connection", "feed", "source_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a call must know before it can be done: records and attempts by id, claims, whose turn it is, and the ids
    of as many attempts as will begin.
    """

    records: Sequence[int] = ()
    claims: Sequence[ClaimKey] = ()
    attempts: Sequence[int] = ()
    leases: Sequence[Lease] = ()
    beginning: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What there is of it: records by id, of attempts the record and whether they are open, who holds the claims, the
    leases by name, and new ids for attempts.
    """

    records: dict[int, Record]
    attempts: Mapping[int, tuple[int, bool]]
    claims: Mapping[ClaimKey, Record]
    leases: Mapping[str, Lease]
    new_attempts: Sequence[int]


def all_of(needs: Sequence[Needs]) -> Needs:
    """What several calls must know."""
    return Needs(
        records=_all(one.records for one in needs),
        claims=_all(one.claims for one in needs),
        attempts=_all(one.attempts for one in needs),
        leases=_all(one.leases for one in needs),
        beginning=sum(one.beginning for one in needs),
    )


def _all(parts: Iterable[Sequence[Any]]) -> list[Any]:
    return [value for part in parts for value in part]


def ask(connection: Connection, needs: Needs) -> Known:
    """Read all that is needed as it is at this moment of the transaction."""
    names = [lease.name for lease in needs.leases]
    numbers = range(1, needs.beginning + 1)
    asked: tuple[Iterable[Any], ...] = (needs.records, needs.attempts, needs.claims, names, numbers)
    lists = [encode(sorted(set(one))).decode() for one in asked]
    (told,) = executed(connection, _QUESTIONS[connection.dialect.name], lists)
    records, attempts, claims, leases, new_attempts = (decode(text) if text else [] for text in told)
    return Known(
        records={row[0]: of_json(dict(zip(_RECORD, row, strict=True))) for row in records},
        attempts={number: (record_id, bool(is_open)) for number, record_id, is_open in attempts},
        claims={(row[0], row[1]): _held(row) for row in claims},
        leases={row[0]: _lease(*row) for row in leases},
        new_attempts=[row[0] for row in new_attempts],
    )


def _held(values: Sequence[Any]) -> Record:
    _, _, record_id, in_step, *key = values
    return {"record_id": record_id, "in_step": bool(in_step), **dict(zip(_HOLDER, key, strict=True))}


def _lease(name: str, holder: str, fence: int, expires_at: str) -> Lease:
    return Lease(name=name, holder=holder, fence=fence, expires_at=datetime.fromisoformat(expires_at))


def _question(*, rows: str, each: str, join: str, number: str, word: str, first: str, second: str, new: str) -> str:
    """The question as one database takes it: how rows become a text, and a text that is given becomes rows."""
    record, holder = (", ".join(f"records.{name}" for name in names) for names in (_RECORD, _HOLDER))
    claim = f"claims.namespace = {first} AND claims.key_folded = {second}"
    lists = {
        record: f"{join} records ON records.id = {number}",
        "attempts.id, attempts.record_id, attempts.ended_at IS NULL": f"{join} attempts ON attempts.id = {number}",
        f"claims.namespace, claims.key_folded, claims.record_id, claims.in_step, {holder}": (
            f"{join} claims ON {claim} JOIN records ON records.id = claims.record_id"
        ),
        "leases.name, leases.holder, leases.fence, leases.expires_at": f"{join} leases ON leases.name = {word}",
        new: "",
    }
    told = [f"(SELECT {rows.format(columns)} FROM {each} {found})" for columns, found in lists.items()]  # noqa: S608
    return f"SELECT {', '.join(told)}"


_QUESTIONS = {
    "sqlite": _question(
        rows="json_group_array(json_array({}))",
        each="json_each(?) AS asked",
        join="CROSS JOIN",  # in this order: the table is looked into by its key
        number="asked.value",
        word="asked.value",
        first="json_extract(asked.value, '$[0]')",
        second="json_extract(asked.value, '$[1]')",
        new="(SELECT COALESCE(MAX(id), 0) FROM attempts) + asked.value",  # as a table, it would be read whole
    ),
    "postgresql": _question(
        rows="CAST(json_agg(json_build_array({})) AS text)",
        each="json_array_elements(CAST(%s AS json)) AS asked (value)",
        join="JOIN",
        number="CAST(CAST(asked.value AS text) AS bigint)",
        word="asked.value #>> '{}'",
        first="asked.value ->> 0",
        second="asked.value ->> 1",
        new="nextval(pg_get_serial_sequence('attempts', 'id'))",
    ),
}
