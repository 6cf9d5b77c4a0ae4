"""What planning a record gives: a document to send, or a state with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.domain.entries import Entry
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey
from engine.language.crosswalk.crosswalk import Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What people know a record by; as much of it as could be read."""

    company: str | None = None
    label: str = ""
    amount: Decimal | None = None
    currency: str | None = None
    book_date: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """The record goes to a state other than sending; `cause` is a word of `engine.domain.causes`."""

    record: RecordKey
    state: State
    cause: str
    reason: str
    facts: Facts = field(default_factory=Facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What would be sent for a record: call, body, key, and what it books.

    `scope` is what is used from here on of all that was worked out: a document may wait for its turn, and many do.
    `body` is ours alone; the target's defaults are laid under it just before sending. `hash` is one hash for one
    content. `hits` names the crosswalk row behind each coded value (`lines[0].coded`). `warnings` say what a person
    has to know although it is sent.
    """

    record: RecordKey
    facts: Facts
    company: str | None
    scope: Mapping[str, Any]
    verb: str
    path: str
    params: tuple[tuple[str, str], ...]
    body: Any
    namespace: str
    key: tuple[str, ...]
    entries: tuple[Entry, ...]
    hits: Mapping[str, Hit]
    hash: str
    warnings: tuple[str, ...] = ()
    key_text: str = field(init=False)
    """The dedupe key as it is compared: trimmed, without regard to case."""
    claim_text: str = field(init=False)
    """The dedupe key in its namespace: companies number their vendors alike, so the key alone is not enough."""

    def __post_init__(self) -> None:
        """Put the key together once: it is asked for at every step."""
        key_text = "|".join([part.strip().casefold() for part in self.key])
        object.__setattr__(self, "key_text", key_text)
        object.__setattr__(self, "claim_text", f"{self.namespace}|{key_text}")


Planned = Document | Put
