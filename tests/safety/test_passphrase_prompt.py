"""A vault that is opened by a passphrase asks for it on a terminal, once a command, and nowhere else."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.adapters.vault.vault import FILE, FOLDER
from engine.faces.commands.root import root
from engine.wiring.app import open_vault, valid_workspace
from tests.run.conftest import MakeHouse
from tests.run.house import House

PHRASE, OTHER = "correct horse battery staple", "another phrase altogether"
ASKED = "passphrase of the credentials:"


@pytest.fixture
def house(make_house: MakeHouse, monkeypatch: pytest.MonkeyPatch) -> House:
    for name in ("KEY", "KEY_FILE", "PASSPHRASE", "NEW_KEY", "NEW_PASSPHRASE"):
        monkeypatch.delenv(f"ML_CONNECTOR_{name}", raising=False)
    made = make_house()
    changed, shown = at_a_terminal(made, ["credentials", "rotate", "--passphrase"], [PHRASE, PHRASE])
    assert changed == 0, shown
    (made.folder / FOLDER / "key").unlink()
    return made


def at_a_terminal(house: House, words: list[str], answers: list[str]) -> tuple[int, str]:
    """The command in a process of its own at a pseudo-terminal; each answer is typed at the next question."""
    master, terminal = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "cli", *words, "--workspace", str(house.folder)],
        cwd=Path(__file__).resolve().parents[2],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown, answered, left = "", 0, list(answers)
    ends = time.monotonic() + 60
    while time.monotonic() < ends and select.select([master], [], [], 30)[0]:
        try:
            piece = os.read(master, 4096).decode()
        except OSError:  # the program has ended, and its side of the terminal is closed
            break
        shown += piece
        asking = shown[answered:].rstrip()
        if left and asking.endswith(":") and ("passphrase" in asking or "confirmation" in asking):
            answered = len(shown)
            os.write(master, left.pop(0).encode() + b"\n")
    os.close(master)
    return running.wait(timeout=30), shown


def test_it_is_asked_for_once_and_never_shown(house: House) -> None:
    code, shown = at_a_terminal(house, ["credentials", "list"], [PHRASE])
    assert code == 0, shown
    assert shown.count(ASKED) == 1
    assert PHRASE not in shown
    code, shown = at_a_terminal(house, ["status"], [PHRASE])
    assert (code, shown.count(ASKED)) == (0, 1), "a command that opens the vault twice asks once"


def test_a_wrong_one_is_told_as_that(house: House) -> None:
    code, shown = at_a_terminal(house, ["credentials", "check"], ["not the phrase at all"])
    assert code != 0
    assert "the passphrase is not the one that" in shown


def test_nothing_waits_for_a_person_who_is_not_there(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["credentials", "list", "--workspace", str(house.folder)]
    alone = CliRunner().invoke(root, words, input=f"{PHRASE}\n")
    assert alone.exit_code == 2
    assert "set the environment variable ML_CONNECTOR_PASSPHRASE" in alone.stderr
    refused = CliRunner().invoke(root, ["credentials", "rotate", "--passphrase", "--workspace", str(house.folder)])
    assert refused.exit_code != 0
    monkeypatch.setenv("ML_CONNECTOR_PASSPHRASE", PHRASE)
    assert CliRunner().invoke(root, words).exit_code == 0


def test_its_successor_is_asked_for_and_no_key_file_made(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    code, shown = at_a_terminal(house, ["credentials", "rotate", "--key"], [PHRASE, OTHER, OTHER])
    assert code == 0, shown
    assert "set ML_CONNECTOR_PASSPHRASE to it" in shown.replace("\r\n", " ")
    assert not (house.folder / FOLDER / "key").exists()
    assert (house.folder / FOLDER / FILE).exists()
    monkeypatch.setenv("ML_CONNECTOR_PASSPHRASE", OTHER)
    assert open_vault(valid_workspace(house.folder)).get("epicor", "api_key")
