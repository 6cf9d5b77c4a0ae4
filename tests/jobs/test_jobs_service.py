"""`serve` and `worker` as real processes: graceful stop, sudden death, takeover, and what a person must put right."""

from __future__ import annotations

import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.faces.commands.root import root
from engine.faces.sandbox.faults import Fault, FaultKind
from engine.wiring.workspace import MARK
from engine.words.json_value import decode
from tests.jobs.conftest import MakeCompany
from tests.jobs.stage import Company, until, workers
from tests.run.house import bills

EVERY_SECOND = "schedules:\n  spend: {run: [bills], every: 1s}\n"
SLOW = "UpdateMaster"


def slowly(company: Company, seconds: float) -> None:
    """Every entering takes so long."""
    company.sandbox.faults.add(
        Fault(id="slow", kind=FaultKind.SLOW, system="epicor", path=SLOW, seconds=seconds, times=100_000)
    )


def test_sigterm_in_mid_run_leaves_nothing_in_doubt_and_the_next_start_goes_on(
    make: MakeCompany, tmp_path: Path
) -> None:
    acme = make("acme", bills(60))
    acme.schedule(EVERY_SECOND)
    slowly(acme, 0.3)
    with workers(tmp_path / "w", "-w", str(acme.folder)) as started:
        one = started.start("--listen", "127.0.0.1:0", command="serve")
        until(lambda: sum(acme.invoices().values()) >= 3, worker=one)
        second = started.start("--listen", "127.0.0.1:0", command="serve", wait=False)
        assert second.process.wait(30) == 2
        assert f"process {one.process.pid} on" in second.log.read_text()
        began = time.monotonic()
        assert one.stop() == 0
        assert time.monotonic() - began < 10
        states = acme.states()
        assert states["sending"] == states["in_doubt"] == 0
        assert 0 < states["entered"] < 60
        assert states["entered"] == sum(acme.invoices().values())
        assert any(line["event"] == "run stopped" for line in one.lines())
        acme.sandbox.faults.clear()
        two = started.start("--listen", "127.0.0.1:0", command="serve")
        until(lambda: acme.states()["entered"] == 60, worker=two)
        assert two.stop() == 0
    assert set(acme.invoices().values()) == {1}
    assert len(acme.invoices()) == 60


def test_a_second_sigterm_ends_hard_and_what_was_in_doubt_resolves_by_itself(
    make: MakeCompany, tmp_path: Path
) -> None:
    acme = make("acme", bills(30))
    acme.schedule(EVERY_SECOND)
    slowly(acme, 2)
    with workers(tmp_path / "w", "-w", str(acme.folder)) as started:
        one = started.start("--listen", "127.0.0.1:0", command="serve")
        until(lambda: acme.states()["sending"] >= 1, worker=one)
        one.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        assert one.stop() == 143
        assert acme.states()["sending"] >= 1
        acme.sandbox.faults.clear()
        two = started.start()
        until(lambda: acme.states()["entered"] == 30, worker=two)
        assert two.stop() == 0
    assert acme.invoices() == Counter(f"B-{number}" for number in range(1, 31))


def test_sigkill_of_a_worker_is_made_good_by_another_within_the_rescue_time(
    make: MakeCompany, tmp_path: Path, postgres_url: str
) -> None:
    companies = [make(name, bills(20)) for name in ("acme", "globex")]
    for one in companies:
        one.schedule(EVERY_SECOND)
        slowly(one, 0.4)
    words = ("--workspaces", str(tmp_path / "companies"), "--jobs", postgres_url, "--rescue-after", "2")
    with workers(tmp_path / "w", *words) as started:
        first, second = started.start(), started.start()
        until(lambda: all(one.states()["sending"] for one in companies), worker=first)
        victim, other = (first, second) if job_runs(postgres_url, first.process.pid) else (second, first)
        victim.kill()
        killed_at = time.monotonic()
        # The dead worker's job keeps its lane: nothing of the company goes on before it is taken over.
        until(lambda: any("taken over" in line["event"] for line in other.lines()), worker=other)
        assert time.monotonic() - killed_at < 6
        until(lambda: all(one.states()["entered"] == 20 for one in companies), worker=other)
        assert other.stop() == 0
    for one in companies:
        assert one.invoices() == Counter(f"B-{number}" for number in range(1, 21))


def test_a_wrong_file_stops_its_workspace_alone_and_is_told_until_it_is_right(
    make: MakeCompany, tmp_path: Path
) -> None:
    acme, globex = make("acme", bills(3)), make("globex", bills(3))
    for one in (acme, globex):
        one.schedule(EVERY_SECOND)
    books = acme.folder / "books.yaml"
    right = books.read_text(encoding="utf-8")
    books.write_text(right.replace("companies:", "companeis:"), encoding="utf-8")
    with workers(
        tmp_path / "w", "--workspaces", str(tmp_path / "companies"), "--jobs", f"sqlite:///{tmp_path}/jobs.sqlite3"
    ) as started:
        one = started.start()
        until(lambda: globex.states()["entered"] == 3, worker=one)
        failed = [line for line in one.lines() if line["event"] == "run failed"]
        assert failed
        assert {(line["workspace"], line["kind"]) for line in failed} == {("acme", "input")}
        assert "books.yaml:" in failed[0]["error"]
        assert "did you mean 'companies'?" in failed[0]["error"]
        assert not acme.rows()
        books.write_text(right, encoding="utf-8")
        until(lambda: acme.states()["entered"] == 3, worker=one)
        assert one.stop() == 0


def test_a_job_over_which_workers_keep_dying_is_set_aside_audited_and_told(
    make: MakeCompany, tmp_path: Path, postgres_url: str
) -> None:
    acme = make("acme", bills(5))
    acme.schedule("schedules:\n  spend: {run: [bills], every: 1s, overlap: skip}\n")
    slowly(acme, 4)
    words = ("-w", str(acme.folder), "--jobs", postgres_url, "--rescue-after", "1", "--deaths-max", "2")
    with workers(tmp_path / "w", *words) as started:
        for _ in range(2):
            one = started.start()
            until(lambda: acme.states()["sending"] or acme.states()["in_doubt"], worker=one)
            until(lambda one=one: job_runs(postgres_url, one.process.pid), worker=one)
            one.kill()
        last = started.start()
        until(lambda: any(line["event"] == "run set aside" for line in last.lines()), worker=last)
        (told,) = [line for line in last.lines() if line["event"] == "run set aside"][:1]
        assert (told["workspace"], told["subject"], told["level"]) == ("acme", "bills", "error")
        assert told["error"].startswith("2 workers died")
        (event,) = [one for one in acme.events() if one.kind == "job_set_aside"][:1]
        assert event.detail["subject"] == "bills"
        last.kill()
        acme.schedule("schedules: {}\n")
        listed = asked("list", "--format", "json", *words[:4])
        (aside,) = [one for one in decode(listed.stdout.encode()) if one["standing"] == "set aside"]
        assert (listed.exit_code, aside["workspace"], aside["task"], aside["subject"]) == (1, "acme", "run", "bills")
        assert aside["reason"].endswith("workers died while they did it")
        assert aside["next"] == f"ml-connector jobs again {aside['job']}"
        assert "set aside" in asked("list", *words[:4]).stdout
        assert asked("list", "--format", "csv", *words[:4]).stdout.startswith("job,workspace,task,subject,why,")
        acme.sandbox.faults.clear()
        assert asked("again", "tick/acme/spend/never", *words[:4]).exit_code == 2
        assert asked("again", aside["job"], *words[:4]).stdout == "run bills of acme is queued again\n"
        assert {one["standing"] for one in decode(asked("list", "--format", "json", *words[:4]).stdout.encode())} <= {
            "waiting",
            "running",
        }
        (event,) = [one for one in acme.events() if one.kind == "job_set_going"]
        assert event.detail["job"] == aside["job"]
        again = started.start()
        until(lambda: acme.states()["entered"] == 5, worker=again)
        until(lambda: aside["job"] in [line.get("job") for line in again.lines()], worker=again)
        assert asked("list", *words[:4]).exit_code == 0
        assert again.stop() == 0


def asked(*words: str) -> Result:
    return CliRunner().invoke(root, ["jobs", *words])


def test_before_anything_was_queued_there_is_no_job_and_no_queue_is_made(
    make: MakeCompany, postgres_url: str
) -> None:
    acme = make("acme", [])
    told = asked("list", "-w", str(acme.folder))
    assert (told.exit_code, told.stdout) == (0, "no job waits, runs or is set aside\n")
    assert asked("again", "first", "-w", str(acme.folder)).exit_code == 2
    assert not list(acme.folder.rglob("jobs.sqlite3"))
    on_server = asked("list", "-w", str(acme.folder), "--jobs", postgres_url)
    assert (on_server.exit_code, on_server.stdout) == (0, "no job waits, runs or is set aside\n"), on_server.stderr


def job_runs(url: str, pid: int) -> bool:
    """Whether the queue has a job with the worker of this process."""
    from tests.postgres import connect

    with connect(url) as connection:
        found = connection.execute(
            "SELECT executor_id FROM ml_connector_jobs.workflow_status WHERE status = 'PENDING'"
        ).fetchall()
    return any(f"-{pid}-" in row[0] for row in found)


def test_what_cannot_be_served_is_refused_before_anything_begins(make: MakeCompany, tmp_path: Path) -> None:
    acme = make("acme", [])
    with workers(tmp_path / "w") as started:
        for words, why in (
            (("-w", str(acme.folder), "--jobs", "mysql://x/y"), "kept in SQLite or PostgreSQL"),
            (("-w", str(acme.folder), "--jobs", "postgresql://nobody@127.0.0.1:1/none"), "jobs' database"),
            (("--workspaces", str(tmp_path / "w")), "holds no workspace"),
        ):
            one = started.start(*words, wait=False)
            assert one.process.wait(60) in (2, 3)
            assert why in one.log.read_text(encoding="utf-8")
            assert "Traceback" not in one.log.read_text(encoding="utf-8")
    assert (acme.folder / MARK).exists()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_no_thread_and_no_file_is_left_by_the_jobs(make: MakeCompany, tmp_path: Path) -> None:
    acme = make("acme", bills(2))
    acme.schedule(EVERY_SECOND)
    with workers(tmp_path / "w", "-w", str(acme.folder)) as started:
        one = started.start()

        def counted() -> tuple[int, int]:
            process = Path("/proc") / str(one.process.pid)
            return len(list((process / "task").iterdir())), len(list((process / "fd").iterdir()))

        until(lambda: len([line for line in one.lines() if line["event"] == "run done"]) >= 2, worker=one)
        before = counted()
        until(lambda: len([line for line in one.lines() if line["event"] == "run done"]) >= 5, worker=one)
        after = counted()
        assert after[0] <= before[0] + 4
        assert after[1] <= before[1] + 6
        assert one.stop() == 0
