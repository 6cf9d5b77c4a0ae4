"""Both systems, seeded, behind real ports: what tests, the demo and the `sandbox` command start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engine.faces.sandbox.admin import Admin
from engine.faces.sandbox.airbase.access import RateLimit, Tokens
from engine.faces.sandbox.airbase.approvals import Approvals
from engine.faces.sandbox.airbase.books import AirbaseBooks
from engine.faces.sandbox.airbase.system import AirbaseSandbox
from engine.faces.sandbox.book_report import books_report
from engine.faces.sandbox.dialect import airbase_error, epicor_error
from engine.faces.sandbox.epicor import ApiKey, Clerk, EpicorSandbox, IdpClient, User
from engine.faces.sandbox.faults import Faults
from engine.faces.sandbox.seed import Seed, build
from engine.faces.sandbox.server import Hosted, SandboxServer
from engine.faces.sandbox.tables import TableStore
from engine.wiring.process_lock import ProcessLock
from engine.words.clock import Clock, SystemClock

AIRBASE_TOKEN = "sandbox-airbase-token"  # noqa: S105 - opens nothing but the sandbox
EPICOR_API_KEY = "sandbox-epicor-key"
EPICOR_USER = "connector"
EPICOR_PASSWORD = "sandbox-epicor-password"  # noqa: S105 - opens nothing but the sandbox
EPICOR_CLIENT_ID = "sandbox-client"
EPICOR_CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - opens nothing but the sandbox
EPICOR_INSTANCE = "sandbox"


class Sandbox:
    """A seeded Airbase and a seeded Epicor.

    With a folder their books are kept there and found again by the next sandbox on it, one at a time;
    without one they are gone at `stop`. `stop` lets go of the books, so a sandbox runs once. `faults`,
    `airbase`, `epicor` and `clerk` may be used at any time before that.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        seed: Seed | None = None,
        clock: Clock | None = None,
        airbase_port: int = 0,
        epicor_port: int = 0,
    ) -> None:
        """Raises InputError when another sandbox has the folder."""
        self._lock = _lock(folder, clock or SystemClock()) if folder else None
        self._stores = [TableStore(folder / f"{name}.sqlite" if folder else None) for name in ("airbase", "epicor")]
        self.faults = Faults()
        self.airbase = AirbaseSandbox(AirbaseBooks(self._stores[0]), Tokens(AIRBASE_TOKEN), rate=RateLimit())
        self.epicor = EpicorSandbox(
            self._stores[1],
            clock=clock or SystemClock(),
            api_keys=(ApiKey(key=EPICOR_API_KEY),),
            users=(User(name=EPICOR_USER, password=EPICOR_PASSWORD),),
            clients=(IdpClient(client_id=EPICOR_CLIENT_ID, client_secret=EPICOR_CLIENT_SECRET, user=EPICOR_USER),),
            instance=EPICOR_INSTANCE,
        )
        self.clerk = Clerk(self.epicor.books)
        self._load(seed)
        self._server = SandboxServer(
            {
                "airbase": Hosted(
                    system=self.airbase,
                    dialect=airbase_error,
                    expire_tokens=self.airbase.tokens.expire,
                    port=airbase_port,
                ),
                "epicor": Hosted(
                    system=self.epicor,
                    dialect=epicor_error,
                    expire_tokens=self.epicor.door.expire_tokens,
                    port=epicor_port,
                ),
            },
            faults=self.faults,
            admin=Admin(
                faults=self.faults,
                report=self.report,
                tokens=self.airbase.tokens,
                approvals=Approvals(self.airbase.books, clock or SystemClock()),
            ),
        )

    def start(self) -> Mapping[str, str]:
        """Open both ports; gives `urls`."""
        try:
            self._server.start()
        except OSError:
            self.stop()
            raise
        return self.urls

    @property
    def urls(self) -> Mapping[str, str]:
        """Where things are, from `start` on: `airbase`, `epicor`, `epicor_token`, `books` and `faults`."""
        bases = self._server.urls
        return {
            "airbase": bases["airbase"],
            "epicor": f"{bases['epicor']}/{EPICOR_INSTANCE}",
            "epicor_token": f"{bases['epicor']}/connect/token",
            "books": f"{bases['airbase']}/_sandbox/books",
            "faults": f"{bases['airbase']}/_sandbox/faults",
        }

    def report(self) -> dict[str, Any]:
        """Everything that stands in both systems' books."""
        return books_report(self._stores[1], self.airbase.books)

    def stop(self) -> None:
        """Close the ports and let go of the books; a second call does nothing."""
        self._server.stop()
        for store in self._stores:
            store.close()
        if self._lock is not None:
            self._lock.release()

    def _load(self, seed: Seed | None) -> None:
        """Seed each system that holds nothing yet, each as one step: a half-seeded system cannot remain."""
        if not self.airbase.books.empty and self.epicor.books.companies():
            return
        rows = seed or build()
        if self.airbase.books.empty:
            with self._stores[0].transaction():
                for table, held in rows.airbase.items():
                    self.airbase.books.load(table, held)
        if not self.epicor.books.companies():
            with self._stores[1].transaction():
                for company, tables in rows.epicor.items():
                    for table, held in tables.items():
                        self.epicor.books.load(company, table, held)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _lock(folder: Path, clock: Clock) -> ProcessLock:
    refusal = f"runs the sandbox of {folder} already: stop it first, or name another folder with --folder"
    return ProcessLock(folder / "sandbox.lock", clock.now(), refusal=refusal)
