"""Reading one file of the workspace, by the name a person knows it by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.language.node import Node
from engine.language.spec.yaml_reader import read_yaml
from engine.words.problem import Place, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead:
    """A YAML file: its name as shown, its bytes, its root (None when it cannot be gone on with), its problems."""

    shown: str
    content: bytes
    root: Node | None
    problems: tuple[Problem, ...]


def shown_name(path: Path, shown_from: Path) -> str:
    """The path relative to the workspace, with `/`; in full when it lies elsewhere."""
    try:
        return path.resolve().relative_to(shown_from.resolve()).as_posix()
    except ValueError:
        return path.as_posix()


def read_file(path: Path, shown_from: Path, *, code: str = "E101") -> FileRead:
    """Read a YAML file; one that cannot be opened is a problem with this code."""
    shown = shown_name(path, shown_from)
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        problem = file_problem(shown, code, f"{path.name} cannot be read: {reason}")
        return FileRead(shown=shown, content=b"", root=None, problems=(problem,))
    root, problems = read_yaml(content, shown)
    return FileRead(shown=shown, content=content, root=root, problems=problems)


def file_problem(shown: str, code: str, sentence: str, hint: str = "") -> Problem:
    """A problem of a file as a whole."""
    place = Place(file=shown, line=1, column=1)
    return Problem(place=place, code=code, sentence=sentence, where=Path(shown).stem, hint=hint)
