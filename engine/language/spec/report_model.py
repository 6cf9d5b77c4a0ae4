"""The file that `mode: report` writes, as a mapping says it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.words.problem import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSpec:
    """The file that `mode: report` writes for a person to import: its columns, from the body's keys."""

    file: str
    columns: tuple[str, ...]
    place: Place
