"""Turn-taking: only who holds the lease of a mapping and company sends, and the lease is kept alive meanwhile."""

from __future__ import annotations

import threading
from types import TracebackType

from engine.adapters.store.port import Lease, TurnLost
from engine.run.setup import Setup
from engine.words.errors import LedgerError


class Turns:
    """The leases of one run, taken as companies come up, renewed in the background, given back at the end."""

    def __init__(self, setup: Setup, mapping: str, holder: str) -> None:
        self._setup = setup
        self._mapping = mapping
        self._holder = holder
        self._leases: dict[str, Lease] = {}
        self._others: dict[str, str] = {}
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._keeper = threading.Thread(target=self._keep, name=f"lease {mapping}", daemon=True)

    def __enter__(self) -> Turns:
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._keeper.join()
        for lease in self._leases.values():
            self._setup.ledger.release_lease(lease)

    def take(self, company: str | None) -> Lease | None:
        """Our lease for a company; None when another runner holds it (see `elsewhere`)."""
        name = f"{self._mapping}@{company or '-'}"
        with self._lock:
            if name in self._leases:
                return self._leases[name]
            lease = self._setup.ledger.take_lease(name, self._holder, self._setup.lease_s)
            if lease is None:
                holder = self._setup.ledger.lease_holder(name)
                self._others[name] = holder.holder if holder is not None else "another runner"
                return None
            self._leases[name] = lease
            return lease

    @property
    def elsewhere(self) -> dict[str, str]:
        """Turns that others hold: lease name and holder."""
        return dict(self._others)

    def _keep(self) -> None:
        while not self._stop.wait(self._setup.lease_s / 4):
            with self._lock:
                for name, lease in list(self._leases.items()):
                    try:
                        self._leases[name] = self._setup.ledger.renew_lease(lease, self._setup.lease_s)
                    except TurnLost:
                        del self._leases[name]  # what is sent under it meets TurnLost where it can be acted upon
                    except LedgerError:
                        continue  # the next `begin` meets the same; here the next turn tries again
