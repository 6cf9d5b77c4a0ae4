"""Turn-taking: only who holds the lease of a mapping and company sends, and the lease is kept alive meanwhile.

A runner that lives renews its lease after a quarter of its time. So who finds a turn taken looks on until the
lease is renewed, and leaves the turn to its holder; or until it runs out, because its holder is dead.
"""

from __future__ import annotations

import threading
from typing import Self

from engine.adapters.store.port import Lease, TurnLost
from engine.run.setup import Setup, Tell, ignore
from engine.words.errors import LedgerError

RENEWALS = 4
"""How often a lease is renewed within its time."""
LOOKS = 8
"""How often one that is taken is looked at within its time."""


class KeptLeases:
    """The leases of one runner, renewed in the background, given back at the end; safe from several threads."""

    def __init__(self, setup: Setup, holder: str) -> None:
        self._setup = setup
        self._holder = holder
        self._leases: dict[str, Lease] = {}
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._keeper = threading.Thread(target=self._keep, name=f"lease {holder}", daemon=True)

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._keeper.join()
        for lease in self._leases.values():
            self._setup.ledger.release_lease(lease)

    def take(self, name: str) -> Lease | None:
        """The lease of this name, ours from now on; None while another holds it."""
        with self._lock:
            if name not in self._leases:
                lease = self._setup.ledger.take_lease(name, self._holder, self._setup.lease_s)
                if lease is None:
                    return None
                self._leases[name] = lease
            return self._leases[name]

    def give_back(self, name: str) -> None:
        """Let another have it; nothing where it is not ours."""
        with self._lock:
            lease = self._leases.pop(name, None)
            if lease is not None:
                self._setup.ledger.release_lease(lease)

    def _keep(self) -> None:
        while not self._stop.wait(self._setup.lease_s / RENEWALS):
            with self._lock:
                for name, lease in list(self._leases.items()):
                    try:
                        self._leases[name] = self._setup.ledger.renew_lease(lease, self._setup.lease_s)
                    except TurnLost:
                        del self._leases[name]  # what is sent under it meets TurnLost where it can be acted upon
                    except LedgerError:
                        continue  # the next `begin` meets the same; here the next turn tries again


class Turns:
    """The turns of one run, taken as companies come up.

    With `wait` a turn that is taken is waited for until it is known whether its holder lives, `lease_s` at most.
    A turn that was left to another is left to it for the whole run.
    """

    def __init__(
        self, setup: Setup, mapping: str, leases: KeptLeases, *, wait: bool = False, tell: Tell = ignore
    ) -> None:
        self._setup = setup
        self._mapping = mapping
        self._leases = leases
        self._wait = wait
        self._tell = tell
        self._others: dict[str, str] = {}

    def take(self, company: str | None) -> Lease | None:
        """Our lease for a company; None when another runner holds it (see `elsewhere`)."""
        name = self.name_of(company)
        if name in self._others:
            return None
        lease = self._leases.take(name)
        if lease is None and self._wait:
            lease = self._take_from_the_dead(name)
        if lease is None:
            holder = self._setup.ledger.lease_holder(name)
            self._others[name] = holder.holder if holder is not None else "another runner"
        return lease

    def name_of(self, company: str | None) -> str:
        """The name of the turn of a company, as `elsewhere` has it."""
        return f"{self._mapping}@{company or '-'}"

    def _take_from_the_dead(self, name: str) -> Lease | None:
        """The turn once its holder has given it back or has not renewed it in time; None when it was renewed."""
        clock, seen = self._setup.clock, self._setup.ledger.lease_holder(name)
        began = clock.instant()
        if seen is not None:
            self._tell(f"waiting for the turn of {seen.holder}", 0)
        while clock.instant().seconds_since(began, began) <= self._setup.lease_s:
            clock.sleep(self._setup.lease_s / LOOKS)
            now = self._setup.ledger.lease_holder(name)
            if now is not None and seen is not None and now != seen:
                return None
            lease = self._leases.take(name) if now is None else None
            if lease is not None:
                return lease
        return self._leases.take(name)

    @property
    def elsewhere(self) -> dict[str, str]:
        """Turns that others hold: lease name and holder."""
        return dict(self._others)
