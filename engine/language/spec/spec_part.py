"""A part of a compiled mapping by its path in the file, for problems that are found after loading."""

from __future__ import annotations

from dataclasses import dataclass

from engine.language.node import Node
from engine.language.spec.model import EachStep, MappingSpec, Step
from engine.language.spec.part_words import Path, part_words
from engine.words.problem import Place, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecPart:
    """A part of a mapping; a place that the file does not have is that of the nearest part around it."""

    spec: MappingSpec
    path: Path = ()

    def __truediv__(self, step: str | int) -> SpecPart:
        return SpecPart(spec=self.spec, path=(*self.path, step))

    @property
    def node(self) -> Node:
        """The value."""
        root = self.spec.root
        return root.find(self.path) if root is not None else Node(place=self.spec.place)

    @property
    def place(self) -> Place:
        """Where the value stands."""
        return self.node.place

    @property
    def key_place(self) -> Place:
        """Where the value's key stands."""
        root = self.spec.root
        if root is None or not self.path or not isinstance(self.path[-1], str):
            return self.place
        return root.find(self.path[:-1]).key_place(self.path[-1])

    def problem(
        self, code: str, sentence: str, hint: str = "", *, at_key: bool = False, at: Place | None = None
    ) -> Problem:
        """A problem of this part: at its value, at its key, or at a place inside it."""
        place = at or (self.key_place if at_key else self.place)
        where = part_words(place.file, self.path, self.spec.root)
        if place.file != self.spec.place.file:
            where = f"{where}, used by {self.spec.name}"
        return Problem(place=place, code=code, sentence=sentence, where=where, hint=hint)


def steps_with_parts(spec: MappingSpec) -> list[tuple[Step, SpecPart]]:
    """Every step, those of lists one by one, with its part of the file."""
    found: list[tuple[Step, SpecPart]] = []
    top = SpecPart(spec=spec) / "transform"
    for step in spec.steps:
        if isinstance(step, EachStep):
            found.extend((inner, top / step.name / inner.name) for inner in step.steps)
        else:
            found.append((step, top / step.name))
    return found
