"""A worker's hands: what follows a job has a key of its own, and a database that is away loses nothing."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from engine.run.jobs.port import Job, JobEnd, Task
from engine.run.jobs.working import Hands
from engine.run.setup import Setup
from engine.words.clock import ManualClock, random_id
from engine.words.errors import InputError, LedgerError


class Keys:
    """A queue that notes the keys it was given."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def submit(self, job: Job, *, key: str, delay_s: float = 0) -> bool:
        self.keys.append(key)
        return True

    def submit_unless_waiting(self, job: Job) -> bool:
        raise NotImplementedError

    def open_jobs(self, key_prefix: str = "") -> tuple[()]:
        raise NotImplementedError

    def submit_later(self, job: Job, delay_s: float) -> None:
        self.keys.append(f"later {job.subject}")


@contextmanager
def no_workspace(_name: str) -> Iterator[Setup]:
    raise InputError("books.yaml is wrong")
    yield


def test_what_follows_has_a_key_of_its_tick_whatever_the_workspace_is_called() -> None:
    queue, ends = Keys(), list[JobEnd]()
    away = [LedgerError("the jobs' database is away")] * 1000

    def ended(_lane: str) -> None:
        if away:
            raise away.pop()

    hands = Hands(
        queue,
        no_workspace,
        worker="w-1",
        clock=ManualClock(datetime(2026, 11, 25, tzinfo=UTC)),
        make_id=random_id,
        ended=ended,
        heard=[ends.append],
        look=lambda _setup, _job, _done: None,
    )
    for minute in (1, 2):
        root = f"tick/smith+sons/spend/20261125T120{minute}00Z"
        job = Job(workspace="smith+sons", task=Task.RUN, subject="vendors", then=("bills", "credits"))
        hands.do(root, job)
        hands.do(f"{root}+bills", Job(workspace="smith+sons", task=Task.RUN, subject="bills", then=("credits",)))
        following = [key for key in queue.keys if key.startswith("tick/")]
        assert following == [f"{root}+bills", f"{root}+credits"]
        queue.keys.clear()
    assert len(ends) == 4
    assert not away, "a job's end is told, though the database was away for a quarter of an hour"
    assert hands.doing == frozenset()


class Left:
    """A part of an opened workspace; its parts point at each other."""

    def __init__(self) -> None:
        self.itself = self


def test_what_a_job_left_is_let_go_when_it_ends() -> None:
    left = list[weakref.ref[Left]]()

    @contextmanager
    def leaving(_name: str) -> Iterator[Setup]:
        left.append(weakref.ref(Left()))
        raise InputError("books.yaml is wrong")
        yield

    hands = Hands(
        Keys(),
        leaving,
        worker="w-1",
        clock=ManualClock(datetime(2026, 11, 25, tzinfo=UTC)),
        make_id=random_id,
        ended=lambda _lane: None,
        heard=(),
        look=lambda _setup, _job, _done: None,
    )
    gc.disable()
    try:
        hands.do("1", Job(workspace="smith", task=Task.SWEEP, subject=""))
        assert [one() for one in left] == [None]
    finally:
        gc.enable()
