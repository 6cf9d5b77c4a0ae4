"""Compiles a mapping's own tests: reads their files and applies their changes."""

from __future__ import annotations

import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.language.node import Node
from engine.language.spec.books import company_from
from engine.language.spec.check_shape import check_shape
from engine.language.spec.findings import Findings
from engine.language.spec.mapping_schema import EXPECTATIONS
from engine.language.spec.model import Expectation, TestSpec
from engine.language.spec.workspace_file import shown_name
from engine.language.spec.world_schema import world_schema
from engine.language.spec.yaml_reader import read_yaml
from engine.language.spec.yaml_text import BYTES_MAX
from engine.words.json_value import NotJson, decode
from engine.words.problem import Problem, did_you_mean


class Unreadable(Exception):
    """A test's file cannot be used; the message says why."""


class SampleFiles:
    """The files beside a mapping, each read once for all tests of a load."""

    def __init__(self, shown_from: Path) -> None:
        self._shown_from = shown_from
        self._read: dict[Path, tuple[Any, Node | None, tuple[Problem, ...]]] = {}
        self._faults: dict[Path, tuple[Problem, ...]] = {}

    def content(self, path: Path) -> tuple[Any, Node | None, tuple[Problem, ...]]:
        """The value of a JSON or YAML file; for YAML also its nodes and problems.

        Raises:
            Unreadable: there is no such file, it lies outside the workspace, or it is neither.
        """
        known = self._read.get(path)
        if known is None:
            known = self._read[path] = self._load(path)
        return known

    def world_faults(self, path: Path, root: Node) -> tuple[Problem, ...]:
        """What is wrong with the shape of a world's file; looked at once, however many tests meet that world."""
        known = self._faults.get(path)
        if known is None:
            known = self._faults[path] = tuple(check_shape(root, world_schema()))
        return known

    def _load(self, path: Path) -> tuple[Any, Node | None, tuple[Problem, ...]]:
        if not path.resolve().is_relative_to(self._shown_from.resolve()):
            raise Unreadable("it lies outside the workspace")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise Unreadable(_reason(error)) from error
        if len(content) > BYTES_MAX:
            raise Unreadable(f"it has more than {BYTES_MAX:,} bytes")
        if path.suffix == ".json":
            try:
                return decode(content), None, ()
            except NotJson as error:
                raise Unreadable(f"it is not JSON: {error}") from error
        root, problems = read_yaml(content, shown_name(path, self._shown_from))
        return (root.plain() if root is not None else None), root, problems


def compile_tests(root: Node, folder: Path, findings: Findings, files: SampleFiles) -> tuple[TestSpec, ...]:
    """The tests that are right; `folder` is the mapping file's."""
    node = root.get("tests")
    items = node.items if node is not None and node.items is not None else ()
    compiler = _Tests(folder, findings, files)
    found = []
    names: set[str] = set()
    for item in items:
        if findings.has_damage(item):
            continue
        name = item.plain()["name"]
        if name in names:
            findings.add(item.find(("name",)), "E602", f"two tests are called '{name}'", "rename one")
        names.add(name)
        test = compiler.test(item)
        found.extend([test] if test is not None else [])
    return tuple(found)


class _Tests:
    def __init__(self, folder: Path, findings: Findings, files: SampleFiles) -> None:
        self._folder = folder
        self._findings = findings
        self._files = files

    def test(self, node: Node) -> TestSpec | None:
        before = len(self._findings.problems)
        given = self._given(node)
        world = self._world(node)
        expects: Expectation = next(word for word in EXPECTATIONS if node.get(word) is not None)
        sends = self._value(node.get("sends")) if expects == "sends" else None
        plain = node.plain()
        if len(self._findings.problems) > before or given is None:
            return None
        return TestSpec(
            name=plain["name"],
            given=given,
            world=world,
            expects=expects,
            books={account: Decimal(amount) for account, amount in plain["books"].items()}
            if expects == "books"
            else None,
            sends=sends,
            reason=plain[expects] if expects in {"skips", "holds", "refuses", "warns"} else None,
            answer=plain.get("answer"),
            company=plain.get("company"),
            place=node.place,
        )

    def _given(self, node: Node) -> dict[str, Any] | None:
        found = self._value(node.get("given"))
        if not isinstance(found, dict):
            self._wrong(node.find(("given",)), "a record is a map of keys", "one record, not a list of them")
            return None
        given: dict[str, Any] = found
        changes = node.get("change")
        for path, value in (changes.fields if changes is not None and changes.fields is not None else {}).items():
            given = self._changed(given, path, value, changes)
        return given

    def _changed(self, given: dict[str, Any], path: str, value: Node, changes: Node | None) -> dict[str, Any]:
        """The record with another value at a dotted path; the last key may be new, the way there may not.

        What lies on the way is copied, the rest is shared with the other tests of the same file.
        """
        *way, last = path.split(".")
        record = given.copy()
        at: Any = record
        for step in way:
            at = _copied_step(at, step)
        assert changes is not None
        place = changes.key_place(path)
        if isinstance(at, dict):
            at[last] = value.plain()
        elif isinstance(at, list) and last.isdigit() and int(last) <= len(at):
            at[int(last) : int(last) + 1] = [value.plain()]
        else:
            known = at if isinstance(at, dict) else record
            hint = did_you_mean(path, _paths(record)) or did_you_mean(path.split(".")[0], known)
            sentence = f"the record has nothing at '{'.'.join(way)}'"
            self._findings.add(value, "E602", sentence, hint, at=place)
        return record

    def _world(self, node: Node) -> dict[str, Any]:
        world = node.get("with")
        if world is None:
            return {}
        if not isinstance(world.scalar, str):
            shape, faults = world, tuple(check_shape(world, world_schema()))
        else:
            path = self._folder / world.scalar
            try:
                plain, root, problems = self._files.content(path)
            except Unreadable as error:
                self._missing(world, error)
                return {}
            self._findings.extend(problems)
            if root is None:
                return plain if isinstance(plain, dict) and not problems else {}
            shape, faults = root, self._files.world_faults(path, root)
        self._findings.extend(faults)
        if faults:
            return {}
        books = shape.get("books")
        for code, settings in (books.fields if books is not None and books.fields is not None else {}).items():
            self._check_company(world, code, settings.plain())
        return _with_text_cells(shape.plain())

    def _check_company(self, world: Node, code: str, settings: dict[str, Any]) -> None:
        try:
            company_from(code, settings)
        except ValueError as error:
            self._findings.add(world, "E602", f"books of {code} in the test's world: {error}")

    def _value(self, node: Node | None) -> Any:
        if node is None or not isinstance(node.scalar, str):
            return node.plain() if node is not None else None
        try:
            plain, _, problems = self._files.content(self._folder / node.scalar)
        except Unreadable as error:
            self._missing(node, error)
            return {}
        self._findings.extend(problems)
        return {} if problems else plain

    def _missing(self, node: Node, error: Unreadable) -> None:
        hint = _near_file(self._folder, str(node.scalar))
        self._findings.add(node, "E601", f"{node.scalar} cannot be read: {error}", hint)

    def _wrong(self, node: Node, sentence: str, hint: str) -> None:
        if not self._findings.has_damage(node):
            self._findings.add(node, "E602", sentence, hint)


def _copied_step(at: Any, step: str) -> Any:
    """What stands one step on, put there as a copy of its own; None where there is nothing."""
    if isinstance(at, dict) and step in at:
        at[step] = copy.copy(at[step])
        return at[step]
    if isinstance(at, list) and step.isdigit() and int(step) < len(at):
        at[int(step)] = copy.copy(at[int(step)])
        return at[int(step)]
    return None


def _paths(value: Any, before: str = "", depth: int = 4) -> list[str]:
    """The dotted paths of a record, as far down as a hint needs."""
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    found = []
    for key, inner in pairs[:50]:
        path = f"{before}{key}"
        found.append(path)
        if isinstance(inner, (dict, list)) and depth:
            found.extend(_paths(inner, f"{path}.", depth - 1))
    return found


def _with_text_cells(world: dict[str, Any]) -> dict[str, Any]:
    """The world with crosswalk cells as text, which is what they are in a file."""
    tables = world.get("crosswalks", {})
    cells = {
        name: [{column: _text(cell) for column, cell in row.items()} for row in rows] for name, rows in tables.items()
    }
    return {**world, "crosswalks": cells} if tables else world


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell)


def _reason(error: OSError) -> str:
    return "there is no such file" if isinstance(error, FileNotFoundError) else str(error.strerror)


def _near_file(folder: Path, name: str) -> str:
    if (folder / name).exists():
        return ""
    beside = (folder / name).parent
    if not beside.is_dir():
        return "paths begin at the mapping's own folder"
    known = [
        found.relative_to(folder).as_posix() for found in sorted(beside.iterdir()) if beside.is_relative_to(folder)
    ]
    return did_you_mean(name, known) or "paths begin at the mapping's own folder"
