"""Schedules played one after the other, each compared with the truth, and what they come to."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.campaign.oracle import compare
from tests.campaign.schedule import draw_schedule
from tests.campaign.second_look import look_again
from tests.campaign.stage import Stage, make_model
from tests.postgres import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one schedule went; `story` is what happened, line by line."""

    seed: int
    troubles: tuple[str, ...]
    complaints: tuple[str, ...]
    duplicates: int
    lost: int
    wrong: int
    records: int
    documents: int
    master_data: int
    kills: Counter[str]
    faults: Counter[str]
    others: Counter[str]
    clerk: Counter[str]
    with_person: Counter[str]
    swept: Counter[str]
    reconciled: Counter[str]
    runs: int
    seconds: float
    story: tuple[str, ...]

    def account(self) -> str:
        """A readable account, for a schedule that went wrong."""
        told = [f"seed {self.seed}: {', '.join(self.troubles)}"]
        told += [f"  {line}" for line in self.story]
        told += [f"  VIOLATION {line}" for line in self.complaints]
        return "\n".join(told)


@dataclass(slots=True)
class Summary:
    """What all schedules come to."""

    outcomes: list[Outcome] = field(default_factory=list)

    def total(self, name: str) -> int:
        """The sum of one number over all schedules."""
        return sum(getattr(outcome, name) for outcome in self.outcomes)

    def counted(self, name: str) -> Counter[str]:
        """The sum of one tally over all schedules."""
        return sum((getattr(outcome, name) for outcome in self.outcomes), Counter())

    @property
    def failed(self) -> list[Outcome]:
        """The schedules that went wrong."""
        return [outcome for outcome in self.outcomes if outcome.complaints]

    def lines(self) -> Iterator[str]:
        """The table."""
        yield f"schedules                     {len(self.outcomes)}"
        yield f"runs of the connector         {self.total('runs')}"
        for title, name in (("kills", "kills"), ("faults met", "faults"), ("others", "others"), ("clerk", "clerk")):
            counted = self.counted(name)
            yield f"{title:30}{sum(counted.values())}"
            for kind, count in sorted(counted.items()):
                yield f"    {kind!s:38}{count}"
        yield f"records                       {self.total('records')}"
        yield f"documents in Epicor           {self.total('documents')}"
        yield f"vendors, accounts, orders     {self.total('master_data')}"
        yield f"duplicates                    {self.total('duplicates')}"
        yield f"lost                          {self.total('lost')}"
        yield f"wrong                         {self.total('wrong')}"
        yield f"other violations              {sum(len(o.complaints) for o in self.outcomes) - self._named()}"
        counted = self.counted("with_person")
        yield f"ended with a person           {sum(counted.values())}"
        for why, count in sorted(counted.items()):
            yield f"    {count:4}  {why}"
        for title, name in (("named by sweep", "swept"), ("named by reconcile", "reconciled")):
            counted = self.counted(name)
            yield f"{title:30}{sum(counted.values())}"
            for kind, count in sorted(counted.items()):
                yield f"    {kind:38}{count}"

    def _named(self) -> int:
        return self.total("duplicates") + self.total("lost") + self.total("wrong")


@contextmanager
def model_workspace() -> Iterator[Path]:
    """The workspace that schedules copy, in a folder of its own that is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="ml-campaign-") as folder:
        model = Path(folder) / "model"
        make_model(model)
        yield model


def play_all(
    seeds: Sequence[int], model: Path, *, jobs: int = 1, server: Server | None = None, keep: Path | None = None
) -> Iterator[Outcome]:
    """Play the schedules of these seeds, `jobs` at a time, each on a new ledger; gives them in order.

    With a server the ledgers are databases there. `keep` gets the workspaces of those that went wrong.
    """
    one = partial(_play_alone, model=model, server=server, keep=keep)
    if jobs == 1:
        yield from map(one, seeds)
        return
    with ProcessPoolExecutor(max_workers=jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(one, seeds)


def _play_alone(seed: int, *, model: Path, server: Server | None, keep: Path | None) -> Outcome:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ml-campaign-"))) / "workspace"
        url = stack.enter_context(server.database()) if server is not None else None
        outcome = play(seed, model, folder, url)
        if outcome.complaints and keep is not None:
            shutil.copytree(folder, keep / f"seed-{seed}", dirs_exist_ok=True)
        return outcome


def play(seed: int, model: Path, folder: Path, ledger_url: str | None = None) -> Outcome:
    """Play the schedule of one seed in a new folder and compare."""
    began = time.monotonic()
    schedule = draw_schedule(seed)
    with Stage(schedule, model, folder, ledger_url) as stage:
        stage.play()
        stage.settle()
        verdict = compare(stage)
        look_again(stage, verdict)
        return Outcome(
            seed=seed,
            troubles=schedule.troubles,
            complaints=tuple(verdict.complaints),
            duplicates=len(verdict.duplicates),
            lost=len(verdict.lost),
            wrong=len(verdict.wrong),
            records=len(schedule.world.wanted),
            documents=verdict.documents,
            master_data=verdict.master_data,
            kills=stage.tally.kills,
            faults=stage.tally.faults,
            others=stage.tally.others,
            clerk=stage.clerk.done,
            with_person=verdict.with_person,
            swept=verdict.swept,
            reconciled=verdict.reconciled,
            runs=stage.tally.runs,
            seconds=time.monotonic() - began,
            story=tuple(stage.gate.told),
        )
