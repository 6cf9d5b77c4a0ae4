"""Faults that can be switched on while the sandbox runs, and which requests they meet."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

import msgspec

from engine.faces.sandbox.exchange import SandboxRequest
from engine.words.json_value import decode

SECONDS_MAX = 600.0


class NotAFault(ValueError):
    """The description of a fault is wrong; the message says which part."""


class FaultKind(StrEnum):
    """What goes wrong."""

    NO_ANSWER_AFTER_COMMIT = "no_answer_after_commit"
    NO_ANSWER_BEFORE_COMMIT = "no_answer_before_commit"
    LATE_COMMIT = "late_commit"
    STATUS = "status"
    SLOW = "slow"
    MALFORMED = "malformed"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - the name of a fault
    RESTART = "restart"


class Shape(StrEnum):
    """How a malformed answer is broken."""

    HTML = "html"
    TRUNCATED = "truncated"
    CUT = "cut"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: what it does, and which requests it meets.

    `seconds` is the delay of `slow` and of `late_commit`, the wait before a lost answer's connection is
    cut, and how long `restart` keeps the port closed. `status` answers in the system's own words unless
    `own_words` is off, when a proxy's HTML page comes instead; `commits` says whether such an answer
    hides a request that was carried out. `malformed` always hides one: as a page of HTML, as JSON
    truncated in the middle, or with the connection cut inside the body.

    A request is met when system, method (any case), a part of the path and a part of the body agree,
    then one in `every`, then by `probability` if given, and at most `times` times.
    """

    kind: FaultKind
    id: str = ""
    system: str | None = None
    method: str | None = None
    path: str = ""
    body: str = ""
    every: int = 1
    times: int | None = None
    probability: float | None = None
    seed: int = 0
    seconds: float = 0.0
    status: int = 503
    retry_after_s: int | None = None
    message: str = "the sandbox was told to fail"
    own_words: bool = True
    commits: bool = False
    shape: Shape = Shape.HTML

    def __post_init__(self) -> None:
        if self.every < 1 or (self.times is not None and self.times < 1):
            raise NotAFault("every and times count from 1")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise NotAFault("probability lies between 0 and 1")
        if not 0 <= self.seconds <= SECONDS_MAX:
            raise NotAFault(f"seconds lies between 0 and {SECONDS_MAX:g}")
        if not 400 <= self.status <= 599:
            raise NotAFault("status lies between 400 and 599")

    def matches(self, system: str, request: SandboxRequest) -> bool:
        """Whether the request is one that this fault looks at."""
        return (
            self.system in {None, system}
            and (self.method is None or self.method.upper() == request.method)
            and self.path in request.path
            and (not self.body or self.body.encode() in request.body)
        )


_NAMES = tuple(known.name for known in fields(Fault))


def fault_from_json(body: bytes) -> Fault:
    """A fault from its JSON object.

    Raises:
        NotAFault: not JSON, an unknown field, or a value that cannot be.
    """
    try:
        given = msgspec.json.decode(body, type=dict[str, Any])
        if unknown := sorted(set(given) - set(_NAMES)):
            raise NotAFault(f"unknown field {unknown[0]!r}; known are {', '.join(_NAMES)}")
        return msgspec.json.decode(body, type=Fault)
    except msgspec.DecodeError as error:
        raise NotAFault(str(error)) from error


class _Watch:
    """A fault with what it has seen."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.seen = 0
        self.met = 0
        self._chance = random.Random(fault.seed)  # noqa: S311 - repeatable, not secret

    def meets(self, system: str, request: SandboxRequest) -> bool:
        fault = self.fault
        if (fault.times is not None and self.met >= fault.times) or not fault.matches(system, request):
            return False
        self.seen += 1
        if self.seen % fault.every:
            return False
        if fault.probability is not None and self._chance.random() >= fault.probability:
            return False
        self.met += 1
        return True


class Faults:
    """The faults that are switched on, in the order they were added; safe from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watches: dict[str, _Watch] = {}
        self._added = 0

    def add(self, fault: Fault) -> Fault:
        """Switch a fault on; it gets an id unless it has one, and replaces one of the same id."""
        with self._lock:
            self._added += 1
            named = fault if fault.id else replace(fault, id=f"fault-{self._added}")
            self._watches[named.id] = _Watch(named)
        return named

    def remove(self, fault_id: str) -> bool:
        """Switch a fault off; whether it was on."""
        with self._lock:
            return self._watches.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Switch every fault off."""
        with self._lock:
            self._watches.clear()

    def pick(self, system: str, request: SandboxRequest) -> Fault | None:
        """The first fault that meets this request; asking counts as a request."""
        if not self._watches:
            return None
        with self._lock:
            return next((w.fault for w in self._watches.values() if w.meets(system, request)), None)

    def met(self, fault_id: str) -> int:
        """How many requests a fault has met; 0 when it is not on."""
        with self._lock:
            watch = self._watches.get(fault_id)
            return watch.met if watch else 0

    def listed(self) -> list[dict[str, Any]]:
        """Every fault with its counts, as JSON."""
        with self._lock:
            return [
                decode(msgspec.json.encode(watch.fault)) | {"seen": watch.seen, "met": watch.met}
                for watch in self._watches.values()
            ]
