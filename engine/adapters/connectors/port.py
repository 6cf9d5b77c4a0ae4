"""What the engine asks of a connector, in five methods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from engine.domain.outcome import Proof
from engine.wire.request import MayLeave

Row = Mapping[str, Any]
Match = tuple[tuple[str, Any], ...]
"""Field and value pairs that a row must have; values are text, whole numbers, booleans, Decimals or dates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a feed, in the source's order; `number` counts from 1, `complete` marks the last one."""

    rows: tuple[dict[str, Any], ...]
    number: int
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Rows of one set, asked for by their values; `matches` may be many.

    `fields` are those wanted of each row, all where none is named. `expand` are child sets wanted inside each
    row. A system that has no such choice, or no companies, gives what it has.
    """

    set: str
    matches: Sequence[Match]
    fields: Sequence[str] = ()
    expand: Sequence[str] = ()
    company: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: `verb` is `call` (a method of the target), or get, post, put, patch, delete.

    `path` is percent-encoded. `effect` is False for calls that only read or prepare. `may_leave` is asked right
    before the call leaves (see `MayLeave`).
    """

    verb: str
    path: str
    company: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    body: Any = None
    effect: bool = False
    may_leave: MayLeave | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call gave back, already judged by the connector.

    `passing` marks refusals about us or the moment (401, 403, 429, no licence seat): the document is not
    at fault. `retry_after_s` is the wait the target asked for. `response` is what the audit
    trail keeps, with secrets masked.
    """

    proof: Proof
    status: int | None
    body: Any = None
    message: str = ""
    passing: bool = False
    retry_after_s: float | None = None
    response: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the target answered with a success."""
        return self.proof is Proof.EFFECT


@dataclass(frozen=True, slots=True, kw_only=True)
class PingStep:
    """One thing that was tried, such as resolving the name, or reading one row of a set."""

    what: str
    ok: bool
    sentence: str
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """What `ping` found: whether it works, how long one answer took, and what to do when it does not."""

    ok: bool
    sentence: str
    elapsed_s: float
    advice: str = ""
    steps: tuple[PingStep, ...] = ()


class Connector(Protocol):
    """One configured system. Every method may be called from several threads at once."""

    def read(
        self, endpoint: str, *, params: tuple[tuple[str, str], ...] = (), company: str | None = None
    ) -> Iterator[Page]:
        """Every page of a feed, to its end.

        Raises:
            Unreachable: a page could not be read, came back with an error, or contradicts its own count;
                an empty feed is a page without rows, never an error passed over.
            CredentialsError: the system does not accept our login.
        """
        ...

    def find(self, lookup: Lookup) -> Mapping[Match, tuple[Row, ...]]:
        """The rows that fit each match, in as few requests as the system allows; none found is `()`.

        Text is compared trimmed and without regard to case. Raises as `read` does.
        """
        ...

    def call(self, call: Call) -> Answer:
        """One call, never repeated when it has an effect; never raises for what the system answered.

        Raises:
            CredentialsError: there is no credential to call with.
        """
        ...

    def ping(self, *, company: str | None = None, things: Sequence[str] = ()) -> Ping:
        """Whether the system can be reached, accepts us, and lets us read one row of each of `things`; reads only."""
        ...

    def close(self) -> None:
        """Close what is open; a second call does nothing."""
        ...


@runtime_checkable
class ReadsToFind(Connector, Protocol):
    """A connector of a system that has no search for some of its feeds, and then reads them to their end."""

    def reads_to_find(self, lookup: Lookup) -> bool:
        """Whether `find` would read the whole feed for this."""
        ...
