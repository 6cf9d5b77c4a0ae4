"""The queue on both databases: once per key, one job of a lane at a time, taken over from the dead, no pickle."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from engine.adapters.store.job_book import SCHEMA, JobBook
from engine.run.jobs.port import Job, OpenJob, Standing, Task
from engine.run.jobs.queue import KEPT_DAYS, Queue
from engine.run.jobs.rescuing import Rescuer
from engine.words.clock import SystemClock, random_id
from engine.words.errors import LedgerError
from tests.jobs.stage import until


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/jobs.sqlite3"
    found: str = request.getfixturevalue("postgres_url")
    return found


class Desk:
    """Does jobs by noting them; `hold` keeps those of a subject from ending."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, Job]] = []
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.held = threading.Event()
        self._lock = threading.Lock()

    def do(self, job_id: str, job: Job) -> None:
        with self._lock:
            self.begun.append((job_id, job))
            self.running[job.lane] += 1
            self.most[job.lane] = max(self.most[job.lane], self.running[job.lane])
        if job.subject == "held":
            self.held.wait(20)
        time.sleep(0.01)
        with self._lock:
            self.running[job.lane] -= 1

    def subjects(self) -> list[str]:
        return [job.subject for _, job in self.begun]


@contextmanager
def at_work(url: str, work: Callable[[str, Job], None], worker: str = "w-1") -> Iterator[tuple[Queue, JobBook]]:
    book = JobBook(url, SystemClock())
    queue = Queue(url, book, worker=worker, concurrency=4, make_id=random_id)
    book.beat(worker)
    queue.start(work)
    try:
        yield queue, book
    finally:
        queue.end(1)
        book.close()


def job(subject: str, **more: Any) -> Job:
    return Job(workspace="acme", task=Task.RUN, subject=subject, **more)


def test_a_key_is_queued_once_and_a_lane_runs_one_at_a_time(url: str) -> None:
    desk = Desk()
    with at_work(url, desk.do) as (queue, book):
        assert queue.submit(job("bills", why="schedule spend", then=("cards",)), key="tick/1")
        assert not queue.submit(job("bills", why="another worker's tick"), key="tick/1")
        for number in range(6):
            queue.submit(job("bills" if number % 2 else "vendors"), key=f"more/{number}")
        queue.submit(job("late"), key="late", delay_s=3)
        until(lambda: len(desk.begun) == 7)
        assert ("tick/1", job("bills", why="schedule spend", then=("cards",))) in desk.begun
        assert desk.most == {"acme/run/bills": 1, "acme/run/vendors": 1}
        (late,) = queue.open_jobs("late")
        assert (late.standing, late.job) == (Standing.WAITING, job("late"))
        until(lambda: "late" in desk.subjects())
        until(lambda: not queue.open_jobs())
        assert not queue.submit(job("bills"), key="tick/1"), "an old tick never comes again"
        assert no_pickle(book)
        assert queue.forget_old(SystemClock().now()) == 0
        assert queue.forget_old(SystemClock().now() + timedelta(days=KEPT_DAYS + 1)) == 8
        assert queue.forget_old(SystemClock().now() + timedelta(days=KEPT_DAYS + 1)) == 0, "they are gone"
        if book.is_file:
            with book.queue_engine.connect() as connection:
                assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
                assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_asking_for_work_that_waits_costs_nothing_and_work_that_runs_is_asked_for_again(url: str) -> None:
    desk = Desk()
    with at_work(url, desk.do) as (queue, _):
        assert queue.submit_unless_waiting(job("held"))
        until(lambda: desk.subjects() == ["held"])
        # It has read already: what came since must be read once more, and once is enough for all of it.
        assert all(queue.submit_unless_waiting(job("held", why=f"event {number}")) for number in range(50))
        queue.submit_later(job("held"), 600)
        queue.submit_later(job("held"), 600)
        standings = Counter(one.standing for one in queue.open_jobs())
        assert standings == {Standing.RUNNING: 1, Standing.WAITING: 2}
        desk.held.set()
        until(lambda: len(desk.begun) == 2)
        queue.close()
        assert not queue.submit_unless_waiting(job("held")), "nothing is taken on any more; whoever asks keeps it"


def test_what_a_dead_worker_left_is_taken_over_and_set_aside_when_workers_keep_dying(url: str) -> None:
    desk, other = Desk(), Desk()
    given_up: list[tuple[OpenJob, int]] = []
    rescued: list[OpenJob] = []
    with at_work(url, desk.do, "w-dead") as (queue, book):
        queue.submit(job("held"), key="first")
        until(lambda: desk.subjects() == ["held"])
        if not book.is_file:
            assert queue.left_by_the_dead(book.living(60)) == ()
    # The library's threads are gone, and nobody has noted the end: as after SIGKILL.
    with at_work(url, other.do, "w-2") as (queue, book):
        book.leave("w-dead")
        rescuer = rescuer_of(queue, book, "w-2", rescued, given_up)
        rescuer.beat()
        rescuer.look()
        assert [(one.id, one.worker) for one in rescued] == [("first", "w-dead")]
        until(lambda: other.subjects() == ["held"])
        assert other.begun[0] == ("first", job("held"))
        rescuer.look()
        assert len(rescued) == 1, "a living worker's job is left alone"
    desk.held.set()
    third = Desk()
    with at_work(url, third.do, "w-3") as (queue, book):
        book.leave("w-2")
        rescuer = rescuer_of(queue, book, "w-3", rescued, given_up)
        rescuer.beat()
        rescuer.look()
        rescuer.look()
        assert [(one.id, one.job, deaths) for one, deaths in given_up] == [("first", job("held"), 2)]
        assert [(one.id, one.standing, one.reason) for one in queue.open_jobs()] == [
            ("first", Standing.SET_ASIDE, "2 workers died while they did it")
        ]
        assert third.begun == []
        queue.submit(job("held"), key="second")
        until(lambda: third.subjects() == ["held"])
        book.ended("acme/run/held")
        until(lambda: queue.open_jobs("first") == ())
    other.held.set()
    third.held.set()


def test_what_was_set_aside_is_set_going_by_a_person_and_its_deaths_are_counted_anew(url: str) -> None:
    desk = Desk()
    with at_work(url, desk.do) as (queue, book):
        queue.submit(job("bills"), key="first", delay_s=600)
        (one,) = queue.open_jobs()
        for worker in ("w-8", "w-9"):
            book.died_over(one.job.lane, one.id, worker)
        book.set_aside(one.job.lane, one.id)
        queue.give_up(one)
        (aside,) = queue.open_jobs()
        assert (aside.id, aside.standing, aside.job) == ("first", Standing.SET_ASIDE, job("bills"))
        assert aside.since > one.since
        queue.set_going(aside)
        until(lambda: desk.begun == [("first", job("bills"))])
        until(lambda: queue.open_jobs() == ())
        assert book.died_over(one.job.lane, "another", "w-8") == 1


def rescuer_of(
    queue: Queue,
    book: JobBook,
    worker: str,
    rescued: list[OpenJob],
    given_up: list[tuple[OpenJob, int]],
    *,
    doing: Callable[[], Collection[str]] = tuple,
    tell: Callable[[OpenJob, int], None] | None = None,
    rescue_s: float = 60,
) -> Rescuer:
    """Two deaths are enough for it."""
    return Rescuer(
        queue,
        book,
        worker=worker,
        doing=doing,
        rescue_s=rescue_s,
        deaths_max=2,
        given_up=tell or (lambda one, deaths: given_up.append((one, deaths))),
        rescued=rescued.append,
        trouble=pytest.fail,
        clock=SystemClock(),
    )


def test_what_a_living_worker_could_not_note_is_done_again_and_holds_up_nothing(url: str) -> None:
    desk = Desk()
    rescued: list[OpenJob] = []
    with at_work(url, desk.do) as (queue, book):
        queue.submit(job("bills"), key="first")
        queue.submit(job("held"), key="held")
        until(lambda: sorted(desk.subjects()) == ["bills", "held"])
        until(lambda: [one.id for one in queue.open_jobs()] == ["held"])
        unended(book, "first", "w-1")
        queue.submit(job("bills"), key="second")
        rescuer = rescuer_of(queue, book, "w-1", rescued, [], doing=lambda: {"held"})
        rescuer.beat()
        rescuer.look()
        assert rescued == [], "it may just have begun, or ended"
        rescuer.look()
        assert [one.id for one in rescued] == ["first"]
        until(lambda: desk.subjects().count("bills") == 3)
        until(lambda: [one.id for one in queue.open_jobs()] == ["held"])
        rescuer.look()
        rescuer.look()
        assert len(rescued) == 1, "what is being done is left alone"
        desk.held.set()


def test_telling_of_a_job_that_is_given_up_does_not_stop_the_heart(postgres_url: str) -> None:
    telling, told = threading.Event(), threading.Event()

    def tell(_job: OpenJob, _deaths: int) -> None:
        telling.set()
        told.wait(20)

    with at_work(postgres_url, Desk().do, "w-2") as (queue, book):
        queue.submit(job("bills"), key="first")
        until(lambda: not queue.open_jobs())
        unended(book, "first", "w-dead")
        book.died_over("acme/run/bills", "first", "w-before")
        rescuer = rescuer_of(queue, book, "w-2", [], [], tell=tell, rescue_s=1)
        rescuer.start()
        try:
            assert telling.wait(20)
            time.sleep(1.5)
            assert book.living(1) == {"w-2"}
        finally:
            told.set()
            rescuer.stop()


def unended(book: JobBook, key: str, worker: str) -> None:
    """As when the database was away at the job's end, or the worker died: by the queue the worker is at it."""
    table = "workflow_status" if book.is_file else f"{SCHEMA}.workflow_status"
    lost = f"UPDATE {table} SET status = 'PENDING', executor_id = :worker WHERE workflow_uuid = :key"
    with book.engine.execution_options(ledger_write=True).begin() as connection:
        connection.execute(text(lost), {"worker": worker, "key": key})


def test_a_worker_counts_as_living_by_the_servers_clock(postgres_url: str) -> None:
    book, other = JobBook(postgres_url, SystemClock()), JobBook(postgres_url, SystemClock())
    book.beat("w-1")
    other.beat("w-2")
    assert other.living(5) == {"w-1", "w-2"}
    time.sleep(0.3)
    book.beat("w-1")
    assert other.living(0.2) == {"w-1"}
    assert book.alone(lambda: pytest.fail("two at once") if other.alone(pytest.fail) else None)
    for one in (book, other):
        one.close()


def test_a_database_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="jobs' database"):
        JobBook("postgresql://nobody@127.0.0.1:1/none", SystemClock())
    (tmp_path / "file").write_bytes(b"this is no database, and long enough to be looked at" * 40)
    with pytest.raises(LedgerError, match="jobs' database"):
        JobBook(f"sqlite:///{tmp_path}/file", SystemClock())


def no_pickle(book: JobBook) -> bool:
    """Every text in the jobs' database; a pickle begins with 0x80, which base64 spells gA or gE."""
    schema = None if book.is_file else SCHEMA
    found = []
    with book.engine.connect() as connection:
        for table in inspect(connection).get_table_names(schema=schema):
            name = f'"{table}"' if schema is None else f'"{schema}"."{table}"'
            for row in connection.execute(text(f"SELECT * FROM {name}")):
                found += [value for value in row if isinstance(value, (str, bytes))]
    kinds = [value for value in found if "pickle" in str(value) or str(value).startswith(("gAS", "gAR"))]
    assert any("schedule spend" in str(value) for value in found), "the job is there, to be looked at"
    return not kinds
