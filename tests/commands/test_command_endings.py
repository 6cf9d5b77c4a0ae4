"""How commands end: interrupted, with nobody reading, by a fault of the program; and what `--help` costs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from engine.adapters.store.port import TurnLost
from engine.faces.commands import describe_command
from engine.faces.commands.root import COMMANDS
from engine.faces.sandbox.faults import Fault, FaultKind
from engine.words.errors import ProgramError
from tests.commands.scene import CONSOLE, Scene, said_once, typed

HEAVY = ("sqlalchemy", "httpx", "jinja2", "cryptography", "rich", "yaml", "msgspec", "jsonschema")


@pytest.mark.parametrize("line", [("--help",), ("--version",), ("-h",)])
def test_help_and_version_import_nothing_heavy(line: tuple[str, ...]) -> None:
    program = (
        "import sys, cli\n"
        f"sys.argv = ['ml-connector', *{list(line)!r}]\n"
        "try:\n    cli.main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "heavy: []"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_says_what_it_does_and_gives_an_example(name: str) -> None:
    result = typed(name, "--help")
    assert result.exit_code == 0
    assert f"ml-connector {name}" in result.stdout.split("\n", 1)[1]


def started(scene: Scene, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [CONSOLE, *words, "-w", scene.folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}
    )


def test_an_interrupted_run_says_one_line_and_leaves_the_ledger_consistent(scene: Scene) -> None:
    slow = Fault(kind=FaultKind.SLOW, system="epicor", path="UpdateMaster", seconds=0.5)
    entered = len(scene.sandbox.report()["companies"]["EPIC06"]["invoices"])
    with scene.fault(slow) as fault_id, started(scene, "run", "bills", "--no-wait") as run:
        deadline = time.monotonic() + 30
        while not scene.sandbox.faults.met(fault_id) and time.monotonic() < deadline:
            time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        _, told = run.communicate(timeout=30)
    assert run.returncode == 130
    assert told.decode().strip().splitlines() == [
        "interrupted; what was done stays done, and the next run goes on from there"
    ]
    sent = len(scene.sandbox.report()["companies"]["EPIC06"]["invoices"]) - entered
    assert 1 <= sent <= 4
    known = [row for row in scene.records() if row["state"] in ("entered", "sending", "in_doubt")]
    assert len({row["reference"] for row in known if row["reference"]}) >= 5
    assert len(known) >= 5 + sent - 1
    assert scene.typed("run", "bills", "--limit", "1", "--no-wait").exit_code == 1


def test_an_interruption_while_the_program_is_loaded_leaves_no_traceback() -> None:
    program = (
        "import sys, cli\n"
        "class Pressed:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'click': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Pressed())\n"
        "cli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("line", ["validate", "status", "--help", "records --format json", "nonsense"])
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
def test_with_a_closed_output_a_command_does_what_it_does(line: str, closed: str, scene: Scene) -> None:
    words = [CONSOLE, *line.split(), *([] if line in ("--help", "nonsense") else ["-w", scene.folder])]
    run = [subprocess.run(["sh", "-c", f'"$@" {end}', "sh", *words], capture_output=True) for end in (closed, "")]
    assert run[0].returncode == run[1].returncode
    assert b"fault of the program" not in run[0].stderr


def test_a_reader_who_has_gone_is_no_error(scene: Scene) -> None:
    with started(scene, "records", "--limit", "10000") as listing:
        assert listing.stdout is not None
        assert listing.stderr is not None
        listing.stdout.read(10)
        listing.stdout.close()
        told = listing.stderr.read()
    assert told == b""
    assert listing.returncode == 141


def test_a_fault_of_the_program_asks_to_be_reported(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> object:
        raise KeyError("vendor")

    monkeypatch.setattr(describe_command, "named", broken)
    told = said_once(scene.typed("describe", "bills"), 70)
    assert "fault of the program" in told
    assert "Please report it" in told
    as_json = json.loads(scene.typed("describe", "bills", "--format", "json").stderr)
    assert (as_json["error"], as_json["exit_code"]) == ("fault", 70)
    monkeypatch.setenv("ML_CONNECTOR_DEBUG", "1")
    result = scene.typed("describe", "bills")
    assert result.exit_code == 70
    assert "Traceback" in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (TurnLost("bills@EPIC06 is with another runner"), 3, "the next run goes on from there"),
        (ProgramError("a record may not go from settled to ready"), 70, "Please report it"),
        (PermissionError(13, "Permission denied", "/books/ledger"), 2, "/books/ledger: Permission denied"),
    ],
)
def test_what_stops_a_command_is_told_in_one_line(
    error: Exception, code: int, told: str, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> object:
        raise error

    monkeypatch.setattr(describe_command, "named", stop)
    assert told in said_once(scene.typed("describe", "bills"), code)
