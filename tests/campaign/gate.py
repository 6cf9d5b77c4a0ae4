"""The sandbox's side of a schedule: every request that gets past the faults, and what is done at chosen ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.sandbox import Sandbox
from tests.campaign.schedule import INVOICE, JOURNAL, Point

CarryOut = Callable[[], SandboxResponse]
Act = Callable[[CarryOut], SandboxResponse]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request that a system carried out, or would have; `at_s` counts from the gate's beginning."""

    at_s: float
    system: str
    request: SandboxRequest
    status: int

    def __str__(self) -> str:
        return f"{self.at_s:7.3f} {self.system:7} {self.request.method:5} {self.request.path} -> {self.status}"


@dataclass(slots=True)
class _Trigger:
    point: Point
    act: Act
    met: int = 0


class Gate:
    """Stands before both systems, behind the faults."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._triggers: list[_Trigger] = []
        self.seen: list[Seen] = []
        self.told: list[str] = []
        for name, system in (("airbase", sandbox.airbase), ("epicor", sandbox.epicor)):
            system.respond = self._guarded(name, system.respond)  # type: ignore[method-assign]

    def at(self, point: Point, act: Act) -> None:
        """Let `act` deal with the request at a point; it is handed the way to carry it out."""
        with self._lock:
            self._triggers.append(_Trigger(point, act))

    def clear(self) -> None:
        """Forget what was to be done."""
        with self._lock:
            self._triggers.clear()

    def note(self, text: str) -> None:
        """Add a line to the story."""
        with self._lock:
            self.told.append(f"{time.monotonic() - self._began:7.3f} {text}")

    def saves_of(self, stamp: str) -> int:
        """How often a document with this stamp came to be saved."""
        with self._lock:
            return sum(
                one.request.path.endswith((INVOICE, JOURNAL)) and stamp.encode() in one.request.body
                for one in self.seen
            )

    def _guarded(
        self, system: str, respond: Callable[[SandboxRequest], SandboxResponse]
    ) -> Callable[[SandboxRequest], SandboxResponse]:
        def guarded(request: SandboxRequest) -> SandboxResponse:
            def carry_out() -> SandboxResponse:
                answer = respond(request)
                at_s = time.monotonic() - self._began
                seen = Seen(at_s=at_s, system=system, request=request, status=answer.status)
                with self._lock:
                    self.seen.append(seen)
                    if request.method != "GET":
                        self.told.append(str(seen))
                return answer

            act = self._met(system, request)
            return carry_out() if act is None else act(carry_out)

        return guarded

    def _met(self, system: str, request: SandboxRequest) -> Act | None:
        with self._lock:
            for trigger in self._triggers:
                point = trigger.point
                if point.system == system and point.path in request.path and point.method in (None, request.method):
                    trigger.met += 1
                    if trigger.met == point.nth:
                        return trigger.act
        return None
