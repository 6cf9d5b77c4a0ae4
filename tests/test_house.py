"""The house keeps its floors: imports go down, files stay readable, and nothing counts money in floats."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "engine").rglob("*.py"))

FLOORS = {
    "words": 0,
    "domain": 1,
    "language": 2,
    "wire": 2,
    "plan": 3,
    "adapters.connectors": 4,
    "adapters.store": 4,
    "adapters.vault": 4,
    "run": 5,
    "wiring": 6,
    "faces.sandbox": 7,
    "faces.service": 7,
    "faces.commands": 8,
}
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70


def room_of(module: str) -> str | None:
    inside = module.removeprefix("engine.")
    return next((room for room in FLOORS if inside == room or inside.startswith(f"{room}.")), None)


def imports_of(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_a_floor_imports_its_own_room_and_lower_floors_only(file: Path) -> None:
    room = room_of(module_of(file))
    wrong = [
        name
        for name in imports_of(file)
        if name.startswith("engine.")
        and (other := room_of(name)) is not None
        and room is not None
        and other != room
        and FLOORS[other] >= FLOORS[room]
    ]
    assert not wrong, f"{module_of(file)} may not import {wrong}"


def test_every_module_stands_in_a_known_room() -> None:
    lost = [module_of(file) for file in FILES if file.name != "__init__.py" and room_of(module_of(file)) is None]
    assert not lost


def test_no_two_modules_import_each_other() -> None:
    edges = {module_of(file): {name for name in imports_of(file) if name.startswith("engine.")} for file in FILES}

    def cycle_from(name: str, trail: tuple[str, ...]) -> tuple[str, ...] | None:
        if name in trail:
            return (*trail[trail.index(name) :], name)
        for other in edges.get(name, ()):
            found = cycle_from(other, (*trail, name)) if other not in done else None
            if found:
                return found
        done.add(name)
        return None

    done: set[str] = set()
    cycles = [found for name in edges if name not in done and (found := cycle_from(name, ()))]
    assert not cycles


def users_of(library: str) -> set[str]:
    return {module_of(file) for file in FILES if any(name.split(".")[0] == library for name in imports_of(file))}


def test_http_is_spoken_in_one_place_and_heard_in_one() -> None:
    assert users_of("httptools") == {"engine.adapters.connectors.line"}
    assert users_of("h11") == {"engine.faces.service.listener"}
    assert users_of("httpx") == {"engine.adapters.connectors.line", "engine.adapters.connectors.transport"}


def test_sqlalchemy_stays_in_the_store() -> None:
    users = users_of("sqlalchemy")
    assert users
    assert all(name.startswith("engine.adapters.store.") for name in users)


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_files_and_functions_stay_readable(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count("\n") <= FILE_LINES_MAX
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINES_MAX, node.name


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_nothing_makes_a_float_of_a_text_or_an_amount(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    calls = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"
    ]
    allowed = {"engine.run.setup", "engine.adapters.store.rows"}  # seconds, never money
    assert not calls or module_of(file) in allowed, f"float() at lines {calls}"


def test_secrets_are_revealed_where_requests_are_signed_and_nowhere_else() -> None:
    revealing = {
        module_of(file)
        for file in FILES
        if any(
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "reveal"
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        )
    }
    assert revealing <= {
        "engine.adapters.connectors.auth",
        "engine.adapters.vault.vault",
        "engine.wire.webhook",
        "engine.words.secret",
    }
