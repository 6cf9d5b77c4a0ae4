"""Rotates a vault in child processes, each killed by SIGKILL before another line of the code that writes.

Run as a program, since only a process without threads may fork safely: FOLDER ACT, where ACT is `key`, `data`,
`set` or `take_over`. Prints one JSON object: how many children were killed, and after how many of them the vault
opened as before, as after, or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import engine.adapters.vault.vault as vault_module
from engine.adapters.vault.providers import new_key_of
from engine.adapters.vault.vault import FOLDER, Vault
from engine.words.errors import CredentialsError
from engine.words.secret import Secret

ORIGINS = {"airbase": ("https://api.airbase.example",), "epicor": ("https://erp.example",)}
OWN = str(Path(vault_module.__file__).parent)
WRITING = frozenset(
    {
        "rotate_key",
        "rotate_data",
        "set",
        "take_over",
        "_write",
        "write_file",
        "put_in_place",
        "write_private",
        "_make_folder",
        "_create",
        "_sync_folder",
        "one_at_a_time",
    }
)


def opened(folder: Path) -> Vault:
    return Vault.open(folder, environ={}, origins=ORIGINS)


def rotate_key(vault: Vault, folder: Path) -> None:
    vault.rotate_key(new_key_of(folder / FOLDER, {}))


ACTS: dict[str, Callable[[Vault, Path], object]] = {
    "key": rotate_key,
    "data": lambda vault, _folder: vault.rotate_data(),
    "set": lambda vault, _folder: vault.set("airbase", "api_key", Secret("new")),
    "take_over": lambda vault, _folder: vault.take_over("airbase", "api_key", Secret("next")),
}


def killed_at(line: int, act: Callable[[], object]) -> bool:
    """Whether the child was killed before that line; it was not when it ended first."""
    child = os.fork()
    if child == 0:
        left = line

        def trace(frame: FrameType, event: str, _argument: Any) -> Any:
            nonlocal left
            if not frame.f_code.co_filename.startswith(OWN) or frame.f_code.co_name not in WRITING:
                return None
            if event == "line":
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        act()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0
        return False
    assert os.WTERMSIG(status) == signal.SIGKILL
    return True


def state_of(folder: Path) -> dict[str, str]:
    vault = opened(folder)
    return {f"{one.connection} {one.field} {one.upcoming}": one.fingerprint for one in vault.names()} | {
        "audit": vault.audit_key.hex(),
        "key": vault.key_words,
    }


def main(folder: Path, name: str) -> None:
    before = state_of(folder)
    counts: Counter[str] = Counter()
    line = 0
    while True:
        line += 1
        copy = folder.parent / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        vault = opened(copy)
        if not killed_at(line, lambda vault=vault, copy=copy: ACTS[name](vault, copy)):  # type: ignore[misc]
            break
        counts["killed"] += 1
        try:
            after = state_of(copy)
        except CredentialsError as error:
            counts[f"lost: {error}"] += 1
            continue
        same = {field for field in before if before[field] == after.get(field)}
        assert "audit" in same
        counts["as before" if after == before else "changed"] += 1
        if name in ("key", "data"):
            assert {field for field in before if field != "key"} <= same, (line, before, after)
        # What broke off can be done again, and then is done.
        if line % 7 == 0:
            ACTS[name](opened(copy), copy)
            assert state_of(copy)["audit"] == before["audit"]
            left = {path.name for path in (copy / FOLDER).iterdir()}
            assert left <= {"key", "credentials.json", "credentials.lock"}, left
    sys.stdout.write(json.dumps(counts))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
