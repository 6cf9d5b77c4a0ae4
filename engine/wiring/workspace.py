"""A workspace on disk: its files loaded and checked, all problems at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.adapters.connectors.registry import catalogue_of, kinds, settings_schema
from engine.adapters.vault.asking import Ask, AskedOnce
from engine.language.crosswalk.crosswalk import Crosswalk
from engine.language.crosswalk.load import make_crosswalk
from engine.language.crosswalk.table import Table, read_table
from engine.language.spec.alerts import FILE as ALERTS
from engine.language.spec.alerts import Alerts, load_alerts
from engine.language.spec.books import Books, load_books
from engine.language.spec.connections import Connections, load_connections
from engine.language.spec.known import Known
from engine.language.spec.load import crosswalk_uses, load_mappings
from engine.language.spec.model import MappingSpec
from engine.language.spec.passed_over import passed_over
from engine.language.spec.rules import check_mappings
from engine.language.spec.schedules import ScheduleSpec, load_schedules
from engine.language.spec.settings import SETTINGS
from engine.language.spec.webhooks import check_wakes
from engine.words.errors import InputError
from engine.words.problem import Problem, in_order

MARK = "connections.yaml"
BOOKS = "books.yaml"
STATE = ".ml-connector"
LEDGER = "ledger.sqlite3"
SCHEDULES = "schedules.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """What a workspace says, as far as it could be read; `problems` says what is wrong with it.

    `ask_passphrase` asks a person at the terminal, once, where its vault is opened by a passphrase.
    """

    folder: Path
    connections: Connections | None
    books: Books | None
    specs: tuple[MappingSpec, ...]
    crosswalks: Mapping[str, Crosswalk]
    uses: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    problems: tuple[Problem, ...]
    ask_passphrase: Ask = field(default_factory=AskedOnce, repr=False, compare=False)
    alerts: Alerts | None = None
    schedules: tuple[ScheduleSpec, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stop a run."""
        return tuple(problem for problem in self.problems if not problem.is_warning)

    @property
    def state(self) -> Path:
        """The folder of what the program keeps: ledger, credentials, key."""
        return self.folder / STATE


def find_workspace(start: Path) -> Path:
    """The nearest folder, from `start` upwards, that is a workspace.

    Raises:
        InputError: there is none.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / MARK).is_file():
            return folder
    raise InputError(
        f"{start.resolve()} is not a workspace: neither it nor a folder above it has a {MARK}. "
        "Make one with `ml-connector init`, or name one with --workspace."
    )


def load_ledger_part(folder: Path) -> Workspace:
    """As much of a workspace as its ledger needs, which is quick, and whole even while a mapping is not."""
    connections, problems = _connections(folder)
    alerts, _ = load_alerts(folder / ALERTS, shown_from=folder)
    return Workspace(
        folder=folder,
        connections=connections,
        books=None,
        specs=(),
        crosswalks={},
        uses={},
        problems=in_order(problems),
        alerts=alerts,
    )


def load_calendar(folder: Path) -> Workspace:
    """As much of a workspace as its schedules need, which is quick: no mapping is read, only their names."""
    connections, problems = _connections(folder)
    books, book_problems = load_books(folder / "books.yaml", shown_from=folder)
    names = {path.stem for path in (folder / "mappings").glob("*.yaml")}
    alerts, _ = load_alerts(folder / ALERTS, shown_from=folder)
    schedules, schedule_problems = load_schedules(folder / SCHEDULES, folder, names, books)
    return Workspace(
        folder=folder,
        connections=connections,
        books=books,
        specs=(),
        crosswalks={},
        uses={},
        problems=in_order((*problems, *book_problems, *schedule_problems)),
        alerts=alerts,
        schedules=schedules,
    )


def load_workspace(folder: Path) -> Workspace:
    """Everything in a workspace, with every problem in it."""
    connections, problems = _connections(folder)
    books, book_problems = load_books(folder / BOOKS, shown_from=folder)
    loaded = load_mappings(folder / "mappings", shown_from=folder)
    names = {path.stem for path in (folder / "mappings").glob("*.yaml")}
    alerts, alert_problems = load_alerts(folder / ALERTS, shown_from=folder, mappings=names)
    schedules, schedule_problems = load_schedules(folder / SCHEDULES, folder, names, books)
    uses = crosswalk_uses(loaded.specs)
    crosswalks, columns, table_problems = _crosswalks(folder, uses)
    known = Known(
        connections={name: one.kind for name, one in (connections.connections if connections else {}).items()},
        catalogues={kind: catalogue for kind in kinds() if (catalogue := catalogue_of(kind)) is not None},
        crosswalk_columns=columns,
        books_settings=frozenset(SETTINGS),
    )
    rule_problems = check_mappings(loaded.specs, known) if connections is not None else ()
    heard = {name: one.webhooks for name, one in (connections.connections if connections else {}).items()}
    # A mapping that cannot be read is not missing: it is told of at its own place.
    all_read = all(problem.is_warning for problem in loaded.problems)
    wake_problems = tuple(check_wakes(heard, loaded.specs, "connections")) if all_read else ()
    page_problems = (
        *passed_over(folder),
        *problems,
        *book_problems,
        *alert_problems,
        *schedule_problems,
        *wake_problems,
    )
    return Workspace(
        folder=folder,
        connections=connections,
        books=books,
        specs=loaded.specs,
        crosswalks=crosswalks,
        uses=uses,
        problems=in_order((*page_problems, *loaded.problems, *table_problems, *rule_problems)),
        alerts=alerts,
        schedules=schedules,
    )


def _connections(folder: Path) -> tuple[Connections | None, tuple[Problem, ...]]:
    return load_connections(folder / MARK, shown_from=folder, kinds={kind: settings_schema(kind) for kind in kinds()})


def _crosswalks(
    folder: Path, uses: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
) -> tuple[dict[str, Crosswalk], dict[str, frozenset[str]], list[Problem]]:
    crosswalks: dict[str, Crosswalk] = {}
    columns: dict[str, frozenset[str]] = {}
    problems: list[Problem] = []
    for path in sorted((folder / "mappings" / "crosswalks").glob("*.csv")):
        table, told = read_table(path, str(path.relative_to(folder)))
        problems += told
        if table is None:
            columns[path.stem] = frozenset()
            continue
        columns[path.stem] = frozenset(table.columns)
        crosswalk, told = _made(table, path.stem, uses)
        problems += told
        if crosswalk is not None:
            crosswalks[path.stem] = crosswalk
    return crosswalks, columns, problems


def _made(
    table: Table, name: str, uses: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
) -> tuple[Crosswalk | None, tuple[Problem, ...]]:
    if name not in uses:
        return None, ()  # no mapping that could be read uses it
    keys, results = uses[name]
    there = {column.casefold() for column in table.columns}
    if not {column.casefold() for column in (*keys, *results)} <= there:
        return None, ()  # the missing column is told at the mapping that asks for it
    return make_crosswalk(table, name, keys, results)
