"""What is done to the connector in one schedule, all of it drawn from the seed beforehand."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from engine.faces.sandbox.faults import Fault, FaultKind, Shape
from tests.campaign.conditions import Conditions
from tests.campaign.world import World, draw_world

SETTLE_S = 1
READ_TIMEOUT_S = 1
LEASE_S = 2

INVOICE = "APInvoiceSvc/UpdateMaster"
JOURNAL = "GLJournalEntrySvc/UpdateExt"
UPSERT = "bulk_upsert"
WRITE_BACK = "ledger_entries/"
GROUPS = ("APInvGrpSvc/Update", "GLJrnGrpSvc/Update")


class Trouble(StrEnum):
    """Everything that a schedule can have."""

    KILL_BEFORE = "killed before a commit"
    KILL_AFTER = "killed after a commit"
    KILL_LATE = "killed, then committed"
    KILL_ANSWERED = "killed after an answer"
    KILL_ANYTIME = "killed at a moment"
    LOST_BEFORE = "answer lost before the commit"
    LOST_AFTER = "answer lost after the commit"
    LATE_WITHIN = "commit late, within the window"
    LATE_BEYOND = "commit late, beyond the window"
    UNAUTHORIZED = "401"
    TOO_MANY = "429"
    SERVER_ERROR = "5xx"
    SLOW = "slow answer"
    BROKEN = "cut or broken answer"
    RESTART = "restart of the target"
    TWO_RUNNERS = "two runners"
    PAUSED = "runner paused longer than its turn"
    DISK_FULL = "full disk (PostgreSQL: sessions cut)"
    CLOCK = "stepping clock"
    LEDGER_GONE = "ledger deleted"
    LEDGER_OLD = "ledger put back to an older copy"
    CLERK = "clerk"


TROUBLES = tuple(Trouble)
LONG = frozenset({Trouble.TWO_RUNNERS, Trouble.PAUSED, Trouble.LATE_WITHIN, Trouble.LATE_BEYOND, Trouble.SLOW})
"""With these a request may still be under way when another runner begins; a new ledger cannot know of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A request to one system: the nth whose method and path agree, counted within its round."""

    system: str
    path: str = ""
    method: str | None = None
    nth: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """SIGKILL of a runner at a point.

    `trouble` says whether that is before the request is carried out (then it never is), after it, late (it is
    carried out when the runner is dead), or `after_ms` after its answer has left. `runner` counts from 0.
    """

    trouble: Trouble
    point: Point
    after_ms: int = 0
    runner: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """SIGSTOP at a point, before or after it is carried out, and SIGCONT `seconds` later."""

    point: Point
    carried_out: bool
    seconds: float
    runner: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What becomes of the ledger when a round has ended: it is deleted, or an older copy takes its place.

    It is deleted at a point of the round or at its end. The copy is taken when the round begins, and on SQLite
    once more at a point of it; it is put back at the end. With `reopened` Airbase has
    forgotten what was written back, too, as far as the ledger does not know of it any more.
    """

    older: bool
    at: Point | None = None
    reopened: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClerkAct:
    """Something the clerk does just before a point, or before the round; `pick` chooses the document."""

    what: str
    pick: int
    point: Point | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One start of the connector (or two at once) and the trouble it meets; then `rest_s` of quiet.

    At `ledger_cut` a ledger on PostgreSQL loses its sessions, in place of a disk that fills up.
    """

    troubles: tuple[Trouble, ...]
    faults: tuple[Fault, ...] = ()
    kills: tuple[Kill, ...] = ()
    pauses: tuple[Pause, ...] = ()
    clerk: tuple[ClerkAct, ...] = ()
    second_after_ms: int | None = None
    conditions: Conditions = field(default_factory=Conditions)
    ledger_cut: Point | None = None
    loss: Loss | None = None
    wait: bool = False
    as_command: bool = False
    rest_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A seed's world and rounds."""

    seed: int
    world: World
    in_flight: int
    rounds: tuple[Round, ...]

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What it has, each once."""
        return tuple(dict.fromkeys(one for round_ in self.rounds for one in round_.troubles))


def draw_schedule(seed: int) -> Schedule:
    """The schedule of a seed; two calls give the same one."""
    chance = random.Random(f"campaign {seed}")
    world = draw_world(chance)
    # The first two go round, so that any twenty-two seeds in a row have every trouble.
    count = len(TROUBLES)
    chosen = [TROUBLES[seed % count], TROUBLES[(seed * 7 + 3 + seed // count) % count]]
    chosen += chance.sample(TROUBLES, k=chance.choice((0, 1, 1, 2)))
    chance.shuffle(chosen)
    half = (len(chosen) + 1) // 2
    parts = [chosen] if chance.random() < 0.3 else [chosen[:half], chosen[half:]]
    if Trouble.CLERK in chosen:
        parts = [[*part, Trouble.CLERK] for part in parts]
    rounds = tuple(_Drawing(chance, tuple(dict.fromkeys(part))).round() for part in parts if part)
    return Schedule(seed=seed, world=world, in_flight=chance.choice((1, 1, 1, 1, 4)), rounds=rounds)


class _Drawing:
    """One round as it is drawn."""

    def __init__(self, chance: random.Random, troubles: tuple[Trouble, ...]) -> None:
        self.chance = chance
        self.troubles = troubles
        self.parts: dict[str, list[Any]] = {"faults": [], "kills": [], "pauses": [], "clerk": []}
        self.others: dict[str, Any] = {}

    def round(self) -> Round:
        for trouble in self.troubles:
            self._add(trouble)
        drawn = {name: tuple(values) for name, values in self.parts.items()}
        if "conditions" not in self.others:
            self.others["as_command"] = self.chance.random() < 0.1
        return Round(
            troubles=self.troubles,
            wait=self.chance.random() < 0.4,
            rest_s=self.chance.choice((0.0, 0.0, LEASE_S + 0.2)),
            **drawn,
            **self.others,
        )

    def _add(self, trouble: Trouble) -> None:
        match trouble:
            case Trouble.KILL_ANYTIME:
                first = Point(system="epicor")
                self.parts["kills"].append(Kill(trouble=trouble, point=first, after_ms=self.chance.randint(0, 1200)))
            case Trouble.KILL_BEFORE | Trouble.KILL_AFTER | Trouble.KILL_LATE | Trouble.KILL_ANSWERED:
                point = self._save() if self.chance.random() < 0.5 else self._point()
                after_ms, runner = self.chance.choice((0, 1, 3, 8, 20, 60)), self.chance.choice((0, 0, 1))
                self.parts["kills"].append(Kill(trouble=trouble, point=point, after_ms=after_ms, runner=runner))
            case Trouble.TWO_RUNNERS:
                self.others["second_after_ms"] = self.chance.choice((0, 0, 50, 200, 500))
            case Trouble.PAUSED:
                self.others["second_after_ms"] = self.chance.choice((300, 600))
                self.parts["pauses"].append(
                    Pause(
                        point=self._save(),
                        carried_out=self.chance.random() < 0.5,
                        seconds=self.chance.choice((LEASE_S + 1.0, LEASE_S + SETTLE_S + 1.5)),
                    )
                )
            case Trouble.DISK_FULL:
                self._disk()
            case Trouble.CLOCK:
                steps = tuple(
                    (self.chance.randint(0, 80), self.chance.choice((-86_400, -3600, -40, 40, 3600, 86_400)))
                    for _ in range(self.chance.randint(1, 2))
                )
                self.others["conditions"] = Conditions(clock_steps=steps)
                if self.chance.random() < 0.5:
                    self._add(Trouble.KILL_AFTER)
            case Trouble.LEDGER_GONE:
                at = self._point() if self.chance.random() < 0.5 and not set(self.troubles) & LONG else None
                self.others["loss"] = Loss(older=False, at=at, reopened=self.chance.random() < 0.5)
            case Trouble.LEDGER_OLD:
                self.others["loss"] = Loss(older=True, at=self._point(), reopened=self.chance.random() < 0.5)
            case Trouble.CLERK:
                self.parts["clerk"] += [self._clerk_act() for _ in range(self.chance.randint(3, 6))]
            case _:
                self.parts["faults"].append(self._fault(trouble))

    def _disk(self) -> None:
        self.others["ledger_cut"] = self._point()
        room = self.chance.choice((0, 1, 3, 8, 20, 60))
        if self.chance.random() < 0.5:
            self.others["conditions"] = Conditions(free_pages=room)
        else:
            # A file may not grow beyond this; the log of SQLite is cut to it now and then.
            self.others["conditions"] = Conditions(file_bytes=(4 + 2 * room) * 4096)

    def _save(self) -> Point:
        path = self.chance.choice((INVOICE, JOURNAL, JOURNAL, *GROUPS))
        return Point(system="epicor", path=path, method="POST", nth=self.chance.choice((1, 1, 2)))

    def _point(self) -> Point:
        system, path, method, most = self.chance.choices(
            [
                ("epicor", INVOICE, "POST", 4),
                ("epicor", JOURNAL, "POST", 2),
                ("airbase", UPSERT, "POST", 2),
                ("airbase", WRITE_BACK, "PATCH", 5),
                ("epicor", self.chance.choice(GROUPS), "POST", 1),
                ("epicor", "APInvoices", None, 6),
                ("epicor", "", None, 40),
                ("airbase", "", None, 20),
            ],
            weights=[7, 7, 2, 3, 1, 2, 3, 2],
        )[0]
        return Point(system=system, path=path, method=method, nth=self.chance.randint(1, most))

    def _fault(self, trouble: Trouble) -> Fault:
        # What is lost or late does harm only where something is written, most of all to journals.
        of_writes = trouble in (Trouble.LOST_BEFORE, Trouble.LOST_AFTER, Trouble.LATE_WITHIN, Trouble.LATE_BEYOND)
        system, path, method, every = self.chance.choices(
            [
                ("epicor", INVOICE, "POST", (1, 2, 2, 3)),
                ("epicor", JOURNAL, "POST", (1, 1, 2)),
                ("epicor", "Svc/Update", "POST", (1, 2, 3, 4)),
                ("airbase", UPSERT, "POST", (1, 2)),
                ("airbase", WRITE_BACK, "PATCH", (1, 2, 3)),
                ("epicor", "", None, (5, 11, 17)),
                ("airbase", "", None, (3, 7)),
            ],
            weights=[4, 6, 3, 2, 1, 0, 0] if of_writes else [5, 4, 4, 2, 2, 2, 1],
        )[0]
        parts = self._fault_parts(trouble, writes=method is not None)
        return Fault(
            system=system,
            path=path,
            method=method,
            every=self.chance.choice(every),
            times=self.chance.choice((1, 2, 3, 4)),
            **parts,
        )

    def _fault_parts(self, trouble: Trouble, *, writes: bool) -> dict[str, Any]:
        chance = self.chance
        match trouble:
            case Trouble.LOST_BEFORE:
                return {"kind": FaultKind.NO_ANSWER_BEFORE_COMMIT}
            case Trouble.LOST_AFTER:
                return {"kind": FaultKind.NO_ANSWER_AFTER_COMMIT}
            case Trouble.LATE_WITHIN:
                return {"kind": FaultKind.LATE_COMMIT, "seconds": chance.choice((0.1, 0.3, 0.6))}
            case Trouble.LATE_BEYOND:
                return {"kind": FaultKind.LATE_COMMIT, "seconds": chance.choice((2.0, 3.0, 4.0))}
            case Trouble.UNAUTHORIZED:
                return {"kind": FaultKind.STATUS, "status": 401}
            case Trouble.TOO_MANY:
                return {"kind": FaultKind.STATUS, "status": 429, "retry_after_s": chance.choice((None, 0, 1, 9))}
            case Trouble.SERVER_ERROR:
                return self._server_error(writes=writes)
            case Trouble.SLOW:
                return {"kind": FaultKind.SLOW, "seconds": chance.choice((0.3, 0.8, 1.3, 1.6))}
            case Trouble.BROKEN:
                return {"kind": FaultKind.MALFORMED, "shape": chance.choice(tuple(Shape))}
            case Trouble.RESTART:
                seconds = chance.choice((0.1, 0.5, 1.2))
                return {"kind": FaultKind.RESTART, "seconds": seconds, "commits": chance.random() < 0.5}
        raise AssertionError(f"{trouble} is not a fault")

    def _server_error(self, *, writes: bool) -> dict[str, Any]:
        """503 in the system's own words proves that nothing was written; every other one may hide a commit."""
        status = self.chance.choice((500, 502, 503, 504))
        own_words = status in (500, 503) and self.chance.random() < 0.5
        honest = status == 503 and own_words
        commits = writes and not honest and self.chance.random() < 0.5
        return {"kind": FaultKind.STATUS, "status": status, "own_words": own_words, "commits": commits}

    def _clerk_act(self) -> ClerkAct:
        what = self.chance.choice(
            (
                *("edit account", "edit amount", "edit hold"),
                *("post invoices", "post journals", "lock invoices", "lock journals"),
                *("key another", "key the same"),
            )
        )
        if what == "key the same" or self.chance.random() < 0.4:
            return ClerkAct(what=what, pick=self.chance.randint(0, 1000), point=None)
        system, path, method, most = self.chance.choice(
            [
                ("epicor", INVOICE, "POST", 5),
                ("epicor", "APInvoices", None, 6),
                ("epicor", JOURNAL, "POST", 3),
                ("airbase", WRITE_BACK, "PATCH", 5),
            ]
        )
        point = Point(system=system, path=path, method=method, nth=self.chance.randint(1, most))
        return ClerkAct(what=what, pick=self.chance.randint(0, 1000), point=point)
