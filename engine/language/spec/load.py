"""Loads the mappings of a workspace: every file, every problem, then stop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.language.node import Node
from engine.language.spec.check_shape import check_shape
from engine.language.spec.compile_mapping import RecipeRead, compile_mapping
from engine.language.spec.compile_tests import SampleFiles
from engine.language.spec.mapping_order import check_order
from engine.language.spec.mapping_schema import recipe_schema
from engine.language.spec.model import MappingSpec
from engine.language.spec.part_words import part_words
from engine.language.spec.walk_spec import crosswalk_steps
from engine.language.spec.workspace_file import FileRead, read_file
from engine.words.problem import Problem, did_you_mean, in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The mappings without errors, by name, and the problems of all files, warnings included."""

    specs: tuple[MappingSpec, ...]
    problems: tuple[Problem, ...]


def load_mappings(folder: Path, shown_from: Path) -> Loaded:
    """Load every mapping of a folder and check its recipes; files are called by their path from `shown_from`."""
    loader = _Loader(folder, shown_from)
    problems: list[Problem] = []
    specs: list[MappingSpec] = []
    files = {path: read_file(path, shown_from) for path in sorted(folder.glob("*.yaml"))}
    for path, file in files.items():
        spec, found = loader.compile(path, file)
        problems.extend(found)
        specs.extend([spec] if spec is not None else [])
    problems.extend(loader.recipe_problems())
    problems.extend(check_order({path.stem: file.root for path, file in files.items()}))
    broken = {problem.place.file for problem in problems if not problem.is_warning}
    right = [spec for spec in specs if broken.isdisjoint(spec.files)]
    return Loaded(specs=tuple(sorted(right, key=lambda spec: spec.name)), problems=in_order(problems))


def crosswalk_uses(
    specs: Iterable[MappingSpec],
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """The columns that the mappings match and take, by crosswalk: `{name: (keys, results)}`."""
    uses: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for spec in specs:
        for step in crosswalk_steps(spec):
            keys, results = uses.setdefault(step.crosswalk, ({}, {}))
            keys.update(dict.fromkeys(column for column, _ in step.match))
            results.update(dict.fromkeys((step.take,) if isinstance(step.take, str) else step.take))
    return {name: (tuple(keys), tuple(results)) for name, (keys, results) in uses.items()}


class _Loader:
    def __init__(self, folder: Path, shown_from: Path) -> None:
        self._folder = folder
        self._shown_from = shown_from
        self._samples = SampleFiles(shown_from)
        self._recipes: dict[str, RecipeRead] = {}

    def compile(self, path: Path, file: FileRead) -> tuple[MappingSpec | None, tuple[Problem, ...]]:
        """One mapping with its recipe."""
        named = file.root.get("recipe") if file.root is not None else None
        recipe = None if named is None or file.root is None else self._recipe_of(named, file.root)
        return compile_mapping(path, file, recipe, self._samples)

    def recipe_problems(self) -> Iterator[Problem]:
        """The problems of all recipes, also of those that no mapping names."""
        for name in self._recipe_names():
            yield from self._recipe(name).problems

    def _recipe_of(self, named: Node, root: Node) -> RecipeRead:
        name = named.scalar
        if not isinstance(name, str):
            return RecipeRead(file=None, problems=())
        if name in self._recipe_names():
            return self._recipe(name)
        bare = name.removeprefix("recipes/").removesuffix(".yaml")
        known = self._recipe_names()
        hint = f"write {bare}" if bare in known else did_you_mean(name, known)
        hint = hint or (f"there are: {', '.join(known)}" if known else "recipes are kept in recipes/")
        where = part_words(named.place.file, ("recipe",), root)
        sentence = f"there is no recipe '{name}'"
        problem = Problem(place=named.place, code="E306", sentence=sentence, where=where, hint=hint)
        return RecipeRead(file=None, problems=(problem,))

    def _recipe_names(self) -> tuple[str, ...]:
        return tuple(path.stem for path in sorted((self._folder / "recipes").glob("*.yaml")))

    def _recipe(self, name: str) -> RecipeRead:
        if name not in self._recipes:
            file = read_file(self._folder / "recipes" / f"{name}.yaml", self._shown_from)
            shape: Iterable[Problem] = check_shape(file.root, recipe_schema()) if file.root is not None else ()
            usable = file if file.root is not None and file.root.is_map else None
            self._recipes[name] = RecipeRead(file=usable, problems=(*file.problems, *shape))
        return self._recipes[name]
