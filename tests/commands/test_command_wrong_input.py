"""Wrong input at every command: one clear message, the right exit code, nothing half-applied."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.faces.sandbox.faults import Fault, FaultKind, Shape
from tests.commands.scene import CLOSED, Scene, in_console, json_error, said_once, typed

READING_FILES = [
    ("validate",),
    ("describe",),
    ("describe", "bills"),
    ("test",),
    ("test", "bills"),
    ("plan", "bills"),
    ("run", "bills"),
    ("run", "--all"),
    ("explain", "8135f449"),
    ("ping",),
]
READING_THE_LEDGER = [("status",), ("records",), ("show", "8135f449")]
ASKING_SYSTEMS = [("plan", "bills"), ("run", "bills", "--no-wait"), ("run", "--all", "--no-wait")]


def words_of(line: tuple[str, ...]) -> str:
    return " ".join(line)


@pytest.mark.parametrize("line", [*READING_FILES, *READING_THE_LEDGER, ("credentials", "list")], ids=words_of)
def test_without_a_workspace(line: tuple[str, ...], tmp_path: Path) -> None:
    told = said_once(typed(*line, "-w", tmp_path), 2)
    assert f"{tmp_path} is not a workspace" in told
    assert "ml-connector init" in told
    error = json_error(typed(*line, "-w", tmp_path, "--format", "json"), 2)
    assert (error["error"], error["problems"]) == ("input", [])


@pytest.mark.parametrize(
    "line",
    [("describe", "bils"), ("test", "bils"), ("plan", "bils"), ("run", "bils"), ("records", "--mapping", "bils")],
    ids=words_of,
)
def test_an_unknown_mapping(line: tuple[str, ...], scene: Scene) -> None:
    with scene.nothing_changes():
        told = said_once(scene.typed(*line), 2)
    assert "no mapping 'bils'; did you mean 'bills'?" in told


@pytest.mark.parametrize("line", [("show", "nonesuch"), ("explain", "nonesuch")], ids=words_of)
def test_an_unknown_record(line: tuple[str, ...], scene: Scene) -> None:
    assert "no record 'nonesuch'" in said_once(scene.typed(*line), 2)


def test_a_cause_that_is_misspelt(scene: Scene) -> None:
    told = said_once(scene.typed("explain", "crosswalk_norow"), 2)
    assert "no cause or problem code is called so (did you mean 'crosswalk_no_row'?)" in told


def test_a_number_that_two_records_share(scene: Scene) -> None:
    told = said_once(scene.typed("show", "TWICE-1"), 2)
    assert "fits several records" in told
    assert told.count("(TWICE-1)") == 2


def test_nothing_in_the_feed_has_the_key_that_plan_is_asked_for(scene: Scene) -> None:
    assert "bills has no record 'nonesuch'" in said_once(scene.typed("plan", "bills", "--only", "nonesuch"), 2)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (("run",), "name the mappings to run, or say --all"),
        (("run", "bills", "--all"), "name the mappings to run, or say --all"),
        (("records", "--cause", "crosswalk_no_rwo"), "did you mean 'crosswalk_no_row'?"),
        (("credentials", "set", "airbase", "api_kee"), "did you mean 'api_key'?"),
        (("credentials", "set", "airbaze", "api_key"), "did you mean 'airbase'?"),
        (("ping", "airbaze"), "there is no connection 'airbaze'"),
        (("exposure", "--company", "EPIC66"), "company EPIC66 is not in books.yaml; it has EPIC06, EPIC07"),
        (("sweep", "--company", "EPIC06"), "--company goes with --accept-missing"),
        (
            ("sweep", "--accept-missing", "--reason", "refreshed", "--company", "EPIC66"),
            "company EPIC66 is not in books.yaml",
        ),
    ],
    ids=lambda part: words_of(part) if isinstance(part, tuple) else "",
)
def test_words_that_do_not_fit(line: tuple[str, ...], told: str, scene: Scene) -> None:
    with scene.nothing_changes():
        assert told in said_once(scene.typed(*line, stdin="anything"), 2)


@pytest.mark.parametrize(
    "line", [("staus",), ("run", "--limit", "0", "bills"), ("records", "--state", "lost"), ("plan",)], ids=words_of
)
def test_a_command_line_that_cannot_be_read(line: tuple[str, ...]) -> None:
    result = typed(*line)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage: " in result.stderr
    assert json_error(typed(*line, "--format", "json"), 2)["error"] == "input"


def break_mapping(folder: Path) -> str:
    (folder / "mappings" / "bills.yaml").write_bytes(b"name: bills\nsource: [\n")
    return "mappings/bills.yaml:"


def break_bytes(folder: Path) -> str:
    (folder / "mappings" / "credits.yaml").write_bytes(b"\xff\xfe\x00title")
    return "mappings/credits.yaml:"


def break_books(folder: Path) -> str:
    (folder / "books.yaml").unlink()
    (folder / "books.yaml").mkdir()
    return "books.yaml:"


def break_crosswalk(folder: Path) -> str:
    path = folder / "mappings" / "crosswalks" / "gl-coding.csv"
    path.write_text(path.read_text().replace("R999,*,*,*,*", "R999,*,*,*,*,too,many"))
    return "mappings/crosswalks/gl-coding.csv:"


BREAKS: list[tuple[Callable[[Path], str], tuple[str, ...]]] = [
    *((break_mapping, line) for line in READING_FILES if line != ("ping",)),  # ping works with what can be read
    *((damage, line) for damage in (break_bytes, break_books, break_crosswalk) for line in READING_FILES[:1]),
    *((damage, ("run", "--all")) for damage in (break_bytes, break_books, break_crosswalk)),
]


@pytest.mark.parametrize(
    ("damage", "line"), BREAKS, ids=lambda one: words_of(one) if isinstance(one, tuple) else one.__name__
)
def test_a_file_that_cannot_be_read(damage: Callable[[Path], str], line: tuple[str, ...], scene: Scene) -> None:
    with scene.nothing_changes():
        named = damage(scene.folder)
        result = scene.typed(*line)
    assert result.exit_code == 2
    assert named in (result.stdout if line == ("validate",) else result.stderr)
    if line == ("validate",):
        assert json.loads(scene.typed(*line, "--format", "json").stdout)["ok"] is False
    else:
        assert "nothing was done" in said_once(result, 2)
        problems = json_error(scene.typed(*line, "--format", "json"), 2)["problems"]
        assert named.rstrip(":") in [problem["file"] for problem in problems]


@pytest.mark.parametrize("line", READING_THE_LEDGER, ids=words_of)
def test_a_mapping_that_cannot_be_read_does_not_hide_the_ledger(line: tuple[str, ...], scene: Scene) -> None:
    before = scene.typed(*line[:2])
    break_mapping(scene.folder)
    after = scene.typed(*line[:2])
    assert after.exit_code == before.exit_code
    assert after.stdout.splitlines()[3:] == before.stdout.splitlines()[3:]


@pytest.mark.parametrize("line", [*READING_THE_LEDGER, ("run", "--all")], ids=words_of)
def test_connections_that_cannot_be_read(line: tuple[str, ...], scene: Scene) -> None:
    (scene.folder / "connections.yaml").write_text("connections: {airbase: {kind: airbas")
    result = scene.typed(*line)
    said_once(result, 2)
    assert "connections.yaml:1:" in result.stderr


def test_without_the_key(scene: Scene) -> None:
    (scene.folder / ".ml-connector" / "key").unlink()
    for line in (*READING_THE_LEDGER, *ASKING_SYSTEMS, ("credentials", "list")):
        assert "there is no key" in said_once(scene.typed(*line), 2)


@pytest.mark.parametrize("line", ASKING_SYSTEMS, ids=words_of)
@pytest.mark.parametrize("system", ["airbase", "epicor"])
def test_a_server_that_is_down(system: str, line: tuple[str, ...], scene: Scene) -> None:
    scene.move(system, CLOSED)
    with scene.nothing_changes(mapping="bills"):
        told = said_once_besides_runs(scene, line, 3)
    assert system in told


def said_once_besides_runs(scene: Scene, line: tuple[str, ...], code: int) -> str:
    """As `said_once`, but `run --all` may have told of mappings before the one that stopped it."""
    result = scene.typed(*line)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    errors = [text for text in result.stderr.splitlines() if text.startswith("Error: ")]
    assert len(errors) == 1, result.stderr
    return errors[0]


@pytest.mark.parametrize("system", ["airbase", "epicor"])
def test_ping_says_which_server_is_down(system: str, scene: Scene) -> None:
    scene.move(system, CLOSED)
    result = scene.typed("ping", "--format", "json")
    assert result.exit_code == 3
    assert {one["connection"]: one["ok"] for one in json.loads(result.stdout)}[system] is False


MALFORMED = {
    "a page of HTML": Fault(kind=FaultKind.MALFORMED, method="GET", shape=Shape.HTML),
    "JSON cut short": Fault(kind=FaultKind.MALFORMED, method="GET", shape=Shape.TRUNCATED),
    "a connection cut": Fault(kind=FaultKind.MALFORMED, method="GET", shape=Shape.CUT),
}


@pytest.mark.parametrize(
    "line", [("plan", "bills"), ("run", "bills", "--no-wait"), ("explain", "INV-20090")], ids=words_of
)
@pytest.mark.parametrize("name", MALFORMED)
def test_an_answer_that_is_not_json(name: str, line: tuple[str, ...], scene: Scene) -> None:
    with scene.nothing_changes(), scene.fault(MALFORMED[name]):
        told = said_once(scene.typed(*line), 3)
        assert "airbase" in told or "epicor" in told
        assert json_error(scene.typed(*line, "--format", "json"), 3)["error"] == "unreachable"
    assert scene.typed("status").exit_code == 1


@pytest.mark.parametrize("name", MALFORMED)
def test_ping_of_an_answer_that_is_not_json(name: str, scene: Scene) -> None:
    with scene.fault(MALFORMED[name]):
        result = scene.typed("ping")
    assert result.exit_code == 3
    assert result.stdout.count("FAIL") == 2


@pytest.mark.parametrize("line", ASKING_SYSTEMS[:2], ids=words_of)
@pytest.mark.parametrize(
    ("connection", "field"), [("airbase", "api_key"), ("epicor", "api_key"), ("epicor", "password")]
)
def test_wrong_credentials(connection: str, field: str, line: tuple[str, ...], scene: Scene) -> None:
    assert scene.typed("credentials", "set", connection, field, stdin="planted-wrong-secret").exit_code == 0
    with scene.nothing_changes(mapping="bills"):
        told = said_once_besides_runs(scene, line, 2)
    assert connection in told
    assert "planted-wrong-secret" not in told
    result = scene.typed("ping", connection)
    assert result.exit_code == 3
    assert "planted-wrong-secret" not in result.output


def test_missing_credentials_name_the_command_that_sets_them(scene: Scene) -> None:
    assert scene.typed("credentials", "remove", "airbase", "api_key").exit_code == 0
    told = said_once(scene.typed("plan", "bills"), 2)
    assert "ml-connector credentials set airbase api_key" in told
    assert "missing" in scene.typed("credentials", "list").stdout


def test_a_credential_is_never_an_argument_nor_empty(scene: Scene) -> None:
    assert typed("credentials", "set", "airbase", "api_key", "planted-on-the-line").exit_code == 2
    assert "nothing was changed" in said_once(scene.typed("credentials", "set", "airbase", "api_key", stdin="\n"), 2)
    assert scene.typed("ping", "airbase").exit_code == 0


def test_a_ledger_that_is_no_ledger(scene: Scene) -> None:
    (scene.folder / ".ml-connector" / "ledger.sqlite3").write_bytes(b"this is no database, and long enough" * 100)
    for line in (*READING_THE_LEDGER, *ASKING_SYSTEMS):
        assert "ledger" in said_once(scene.typed(*line), 3)


def test_the_console_tells_errors_the_same_way(tmp_path: Path) -> None:
    assert "is not a workspace" in said_once(in_console("status", "-w", tmp_path), 2)


def test_a_folder_that_is_not_the_demonstrations(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    for command in ("demo", "sandbox"):
        assert "is not empty and not the demonstration's" in said_once(typed(command, "--folder", tmp_path), 2)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_file_that_is_passed_over_stops_a_run_and_a_spreadsheet_is_a_warning(scene: Scene) -> None:
    (scene.folder / "mappings" / "crosswalks" / "gl-coding.xlsx").write_bytes(b"PK")
    result = scene.typed("validate")
    assert result.exit_code == 0
    assert "gl-coding.xlsx:1:1: W705 gl-coding.xlsx is not read" in result.stdout
    (scene.folder / "alerts.yml").write_text("channels: {}\n")
    assert "nothing was done" in said_once(scene.typed("run", "bills", "--no-wait"), 2)
    (problem,) = json_error(scene.typed("run", "bills", "--no-wait", "--format", "json"), 2)["problems"][:1]
    assert (problem["file"], problem["code"]) == ("alerts.yml", "E704")
