"""A workspace wired to a seeded sandbox: what the tests of runs work with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from engine.adapters.connectors.registry import kinds, settings_schema
from engine.adapters.store.port import Attempt, RecordRow
from engine.faces.sandbox.demo import make_demo
from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.sandbox import AIRBASE_TOKEN, EPICOR_API_KEY, EPICOR_PASSWORD, EPICOR_USER, Sandbox
from engine.faces.sandbox.seed import Seed, build
from engine.faces.sandbox.seed.chart import AP_AIRBASE, CLEARING
from engine.faces.sandbox.seed.companies import EPIC06, CompanySeed
from engine.faces.sandbox.seed.entry import Line, ledger_entry
from engine.faces.sandbox.seed.orders import WITH_RECEIPTS
from engine.faces.sandbox.seed.people import PEOPLE
from engine.faces.sandbox.seed.vendors import ORDINARY, VendorSeed
from engine.language.spec.connections import load_connections
from engine.run.judging import Judgement
from engine.run.ordering import in_order_of_need, named
from engine.run.previewing import preview
from engine.run.result import RunResult
from engine.run.running import run_mapping
from engine.run.setup import Setup
from engine.wiring.app import open_setup, open_vault, valid_workspace
from engine.wiring.workspace import MARK, Workspace
from engine.words.clock import Clock, ManualClock
from engine.words.errors import InputError
from engine.words.json_value import digest
from engine.words.secret import Secret

FEED = "/v1/accounting/ledger_entries/"
VENDORS = tuple(one for one in ORDINARY[EPIC06.code] if one.id not in WITH_RECEIPTS)
READING_METHODS = ("GetByID", "GetList", "GetRows", "GetNew", "GetDefault")
_CREDENTIALS = (
    ("airbase", "api_key", AIRBASE_TOKEN),
    ("epicor", "api_key", EPICOR_API_KEY),
    ("epicor", "username", EPICOR_USER),
    ("epicor", "password", EPICOR_PASSWORD),
)


@cache
def whole_seed() -> Seed:
    """The demonstration's seed, built once."""
    return build()


def seed_of(*entries: Mapping[str, Any]) -> Seed:
    """The demonstration's master data with these ledger entries only."""
    whole = whole_seed()
    return Seed(airbase={**whole.airbase, "ledger_entries": [dict(entry) for entry in entries]}, epicor=whole.epicor)


def bill(
    number: str,
    *amounts: str,
    vendor: VendorSeed = VENDORS[0],
    account: str = "6200",
    label: str = "",
    date: str = "2026-11-03T00:00:00",
    company: CompanySeed = EPIC06,
    **changes: Any,
) -> dict[str, Any]:
    """An approved bill, one line per amount, all coded to `6200|10` unless said otherwise."""
    lines = [Line(account=account, amount=Decimal(amount), department="10") for amount in amounts or ("60.00",)]
    entry = ledger_entry(
        label=f"test bill {label or number}",
        type="bill",
        company=company,
        vendor=vendor.on_entry(),
        owner=PEOPLE[0],
        date=date,
        lines=lines,
        invoice_number=number,
        ap_account=AP_AIRBASE,
    )
    return {**entry, **changes}


def bills(count: int) -> list[dict[str, Any]]:
    """Bills B-1, B-2 and so on, of ten vendors, each with its own amount."""
    return [
        bill(
            f"B-{number}", f"{number}.50", vendor=VENDORS[number % 10], date=f"2026-11-{1 + number % 20:02d}T00:00:00"
        )
        for number in range(1, count + 1)
    ]


def card(label: str, *amounts: str, account: str = "6300") -> dict[str, Any]:
    """A settled card charge, one split per amount."""
    return ledger_entry(
        label=f"test card {label}",
        type="virtual_card_payment",
        company=EPIC06,
        vendor=VENDORS[1].on_entry(),
        owner=PEOPLE[1],
        date="2026-11-04T18:00:00",
        lines=[Line(account=account, amount=Decimal(amount), department="30") for amount in amounts],
        bank_account=CLEARING,
        settled=True,
    )


@dataclass
class Wire:
    """What reached each system, and which of it could change something there."""

    requests: list[tuple[str, SandboxRequest]] = field(default_factory=list)

    def listen(self, sandbox: Sandbox) -> None:
        """Note every request from now on, past all faults."""
        for name, system in (("airbase", sandbox.airbase), ("epicor", sandbox.epicor)):
            system.respond = self._noting(name, system.respond)  # type: ignore[method-assign]

    def effects(self, system: str | None = None, path: str = "") -> list[SandboxRequest]:
        """The requests that may change something."""
        return [
            request
            for name, request in self.requests
            if system in (None, name) and path in request.path and _may_change(name, request)
        ]

    def paths(self, system: str, method: str = "GET") -> list[str]:
        """The paths asked for, in order."""
        return [one.path for name, one in self.requests if name == system and one.method == method]

    def _noting(
        self, name: str, respond: Callable[[SandboxRequest], SandboxResponse]
    ) -> Callable[[SandboxRequest], SandboxResponse]:
        def noted(request: SandboxRequest) -> SandboxResponse:
            self.requests.append((name, request))
            return respond(request)

        return noted


def _may_change(system: str, request: SandboxRequest) -> bool:
    if system == "airbase" or request.method != "POST":
        return request.method != "GET"
    return not request.path.rsplit("/", 1)[-1].startswith(READING_METHODS)


@dataclass
class House:
    """One workspace and its sandbox; `run` opens the ledger anew each time, as a process would."""

    folder: Path
    sandbox: Sandbox
    clock: Clock
    wire: Wire = field(default_factory=Wire)

    @contextmanager
    def setup(self) -> Iterator[Setup]:
        """The parts of a run."""
        with open_setup(self.workspace(), clock=self.clock) as setup:
            yield setup

    def run(self, name: str, **options: Any) -> RunResult:
        """Run one mapping."""
        with self.setup() as setup:
            return run_mapping(setup, named(setup.specs, name), **options)

    def run_all(self) -> dict[str, RunResult]:
        """Run every mapping, each after those it waits for."""
        with self.setup() as setup:
            return {spec.name: run_mapping(setup, spec) for spec in in_order_of_need(setup.specs)}

    def plan(self, name: str) -> list[Judgement]:
        """What a run would do now."""
        with self.setup() as setup:
            return list(preview(setup, named(setup.specs, name)))

    def rows(self, **which: Any) -> tuple[RecordRow, ...]:
        """Records of the ledger."""
        with self.setup() as setup:
            return setup.ledger.records(**{"limit": 5000, **which})

    def row(self, entry: Mapping[str, Any] | str) -> RecordRow:
        """The ledger's record of an entry, or of an id."""
        source_id = entry if isinstance(entry, str) else entry["airbase_id"]
        (found,) = (row for row in self.rows(keys=[source_id]) if row.key.source_id == source_id)
        return found

    def states(self, name: str) -> dict[str, str]:
        """State by label of all records of a mapping."""
        return {row.label: row.state.value for row in self.rows(mapping=name)}

    def attempts(self, entry: Mapping[str, Any]) -> tuple[Attempt, ...]:
        """The attempts of an entry's record."""
        row = self.row(entry)
        with self.setup() as setup:
            return setup.ledger.attempts(row.id)

    def entry(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """The entry as Airbase has it now."""
        found = self.sandbox.airbase.books.entry(entry["airbase_id"])
        assert found is not None
        return found

    def invoices(self, company: str = "EPIC06") -> dict[str, dict[str, Any]]:
        """The AP invoices in Epicor, by number."""
        found = self.sandbox.epicor.books.invoices(company)
        by_number = {row["InvoiceNum"]: row for row in found}
        assert len(by_number) == len(found), "two invoices with one number"
        return by_number

    def edit(self, file: str, old: str, new: str) -> None:
        """Change one place of a file of the workspace, as a person would."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def write(self, file: str, text: str) -> None:
        """Add a file to the workspace, or write it anew."""
        (self.folder / file).write_text(text, encoding="utf-8")

    def workspace(self) -> Workspace:
        """The workspace as its files are now.

        Raises:
            InputError: it has problems, which stand in the notes.
        """
        try:
            return _loaded(self.folder)
        except InputError as error:
            error.add_note("\n".join(map(str, error.problems)))
            raise


def connections_text(
    sandbox: Sandbox, *, airbase: str = "", epicor: str = "", environments: Sequence[str] = ("sandbox", "sandbox")
) -> str:
    """connections.yaml for a sandbox: a short settle window, quick retries, and further settings as YAML lines."""
    quick = "    settle_s: 1\n    attempts_max: 2\n    wait_max_s: 1\n"
    return (
        "connections:\n"
        f"  airbase:\n    kind: airbase\n    environment: {environments[0]}\n"
        f'    base_url: "{sandbox.urls["airbase"]}"\n    auth_scheme: Token\n{quick}{_indented(airbase)}'
        f"  epicor:\n    kind: epicor\n    environment: {environments[1]}\n"
        f'    base_url: "{sandbox.urls["epicor"]}"\n    login: basic\n{quick}{_indented(epicor)}'
    )


def _indented(lines: str) -> str:
    return "".join(f"    {line}\n" for line in lines.splitlines())


_LOADED: dict[str, Workspace] = {}


def _loaded(folder: Path) -> Workspace:
    """A workspace without errors; equal files are checked once in a test run, since that takes a second."""
    connections, problems = load_connections(
        folder / MARK, shown_from=folder, kinds={kind: settings_schema(kind) for kind in kinds()}
    )
    if connections is None or problems:
        raise InputError("connections.yaml", problems)
    files = sorted([folder / "books.yaml", *(path for path in (folder / "mappings").rglob("*") if path.is_file())])
    content = [[str(path.relative_to(folder)), path.read_text(encoding="utf-8")] for path in files]
    key = digest([content, [[name, one.kind] for name, one in connections.connections.items()]])
    if key not in _LOADED:
        _LOADED[key] = valid_workspace(folder)
    return replace(_LOADED[key], folder=folder, connections=connections)


def open_house(
    folder: Path,
    *,
    seed: Seed | None = None,
    books: Path | None = None,
    clock: Clock | None = None,
    **connections: Any,
) -> House:
    """A demo workspace in `folder` wired to a sandbox that is started; the caller stops the sandbox.

    Without `clock` time passes only when the run sleeps, so that no test waits for a settle window.
    """
    make_demo(folder)
    sandbox = Sandbox(books, seed=seed)
    sandbox.start()
    (folder / MARK).write_text(connections_text(sandbox, **connections), encoding="utf-8")
    house = House(folder=folder, sandbox=sandbox, clock=clock or ManualClock(datetime.now(UTC)))
    vault = open_vault(house.workspace())
    for connection, name, text in _CREDENTIALS:
        vault.set(connection, name, Secret(text))
    house.wire.listen(sandbox)
    return house
