"""The sandbox's front door: one port per system, faults in between, `/_sandbox/` beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from engine.faces.sandbox.dialect import Dialect
from engine.faces.sandbox.exchange import SandboxRequest, SandboxSystem
from engine.faces.sandbox.faults import Faults
from engine.faces.sandbox.faulty import FaultySystem
from engine.faces.sandbox.http_text import Delivery
from engine.faces.sandbox.listener import Listener

ADMIN_PREFIX = "/_sandbox/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """A system to serve: its books, how it words errors, how all its tokens end; port 0 takes any free one."""

    system: SandboxSystem
    dialect: Dialect
    expire_tokens: Callable[[], None]
    port: int = 0


class SandboxServer:
    """Serves several systems; what stands under `/_sandbox/` on any port goes to `admin`, past all faults."""

    def __init__(self, hosted: Mapping[str, Hosted], *, faults: Faults, admin: SandboxSystem) -> None:
        self._admin = admin
        self._systems: dict[str, FaultySystem] = {}
        self._listeners: dict[str, Listener] = {}
        for name, one in hosted.items():
            system = FaultySystem(name, one.system, faults, dialect=one.dialect, expire_tokens=one.expire_tokens)
            listener = Listener(partial(self._deliver, system), port=one.port)
            system.restart = listener.restart
            self._systems[name] = system
            self._listeners[name] = listener

    def start(self) -> Mapping[str, str]:
        """Open every port; the base URL of each system, without a slash at its end."""
        for name, listener in self._listeners.items():
            self._systems[name].open()
            listener.start()
        return self.urls

    @property
    def urls(self) -> Mapping[str, str]:
        """The base URL of each system; a port asked for as 0 is known once started."""
        return {name: listener.url for name, listener in self._listeners.items()}

    def stop(self) -> None:
        """Close every port and connection; a second call does nothing."""
        for name, listener in self._listeners.items():
            self._systems[name].close()
            listener.stop()

    def _deliver(self, system: FaultySystem, request: SandboxRequest) -> Delivery:
        if request.path.startswith(ADMIN_PREFIX):
            return Delivery(response=self._admin.respond(request))
        return system.deliver(request)
