"""The problems of one mapping while it is compiled, and which of its parts are already known to be wrong."""

from __future__ import annotations

from collections.abc import Iterable

from engine.language.node import Node, ProblemFound
from engine.language.spec.part_words import Path, part_words
from engine.language.transform.render import Template, compile_template
from engine.language.transform.select import Selector, compile_selector
from engine.words.problem import Place, Problem


class Findings:
    """Collects problems; a part that has one is not compiled, so that one mistake is said once."""

    def __init__(self, *roots: Node) -> None:
        self.problems: list[Problem] = []
        self._paths: dict[int, tuple[Path, Node]] = {}
        self._damaged: set[Place] = set()
        for root in roots:
            for path, node in root.walk():
                self._paths[id(node)] = path, root

    def where(self, node: Node) -> str:
        """The node's place in words."""
        path, root = self._paths.get(id(node), ((), node))
        return part_words(root.place.file, path, root)

    def called_like(self, node: Node, like: Node) -> Node:
        """The node itself, from now on with the words of another."""
        if id(like) in self._paths:
            self._paths[id(node)] = self._paths[id(like)]
        return node

    def extend(self, problems: Iterable[Problem]) -> None:
        """Take in problems that were found elsewhere; the same fault at the same place counts once."""
        known = {(problem.place, problem.code, problem.sentence) for problem in self.problems}
        for problem in problems:
            if (problem.place, problem.code, problem.sentence) not in known:
                self.problems.append(problem)
                if not problem.is_warning:
                    self._damaged.add(problem.place)

    def add(self, node: Node, code: str, sentence: str, hint: str = "", *, at: Place | None = None) -> None:
        """A problem of a node; `at` names a place inside it."""
        place = at or node.place
        self.extend((Problem(place=place, code=code, sentence=sentence, where=self.where(node), hint=hint),))

    def is_damaged(self, parent: Node, key: str) -> bool:
        """Whether a problem stands at a key or anywhere below it."""
        node = parent.get(key)
        return node is not None and (parent.key_place(key) in self._damaged or self.has_damage(node))

    def has_damage(self, node: Node) -> bool:
        """Whether a problem stands anywhere in a node."""
        if not self._damaged:
            return False
        for _, inner in node.walk():
            if inner.place in self._damaged or not self._damaged.isdisjoint(inner.keys.values()):
                return True
        return False

    def selector(self, node: Node | None) -> Selector | None:
        """The JMESPath that a node holds; None when there is none or it is wrong."""
        if node is None:
            return None
        try:
            return compile_selector(node, self.where(node))
        except ProblemFound as found:
            self.extend((found.problem,))
            return None

    def template(self, node: Node | None) -> Template | None:
        """The value that a node holds; None when there is none or it is wrong."""
        if node is None:
            return None
        try:
            return compile_template(node, self.where(node))
        except ProblemFound as found:
            self.extend((found.problem,))
            return None

    @property
    def has_errors(self) -> bool:
        """Whether anything but warnings was found."""
        return any(not problem.is_warning for problem in self.problems)
