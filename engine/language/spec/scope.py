"""Which names an expression may use at its place, and what is known of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from engine.language.node import Node
from engine.language.spec.findings import Findings
from engine.language.transform.body import Body, compile_body
from engine.language.transform.render import NameUse, Template
from engine.words.problem import Place, Problem, did_you_mean

ELSEWHERE = {
    "loop": "'loop' is known where `for` repeats something",
    "answer": "'answer' is known in succeeded and warning",
    "reference": "'reference' is known in acknowledge",
    "reason": "'reason' is known in acknowledge",
}
RESERVED = frozenset({"id", "books", *ELSEWHERE})
"""Names the language gives itself; a mapping may not define them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownName:
    """A name: the fields it has (None when they cannot be told), and for a list those of its items."""

    fields: frozenset[str] | None = None
    is_list: bool = False
    words: str = ""


@dataclass(slots=True)
class _Fault:
    code: str
    sentence: str
    hint: str
    where: str
    places: list[Place] = field(default_factory=list)


class NameFaults:
    """Wrong uses of names in one mapping: the same wrong name is one mistake, however often it is used."""

    def __init__(self) -> None:
        self._faults: dict[tuple[str, str], _Fault] = {}

    def add(self, place: Place, code: str, sentence: str, hint: str, where: str) -> None:
        """One wrong use."""
        fault = self._faults.setdefault((code, sentence), _Fault(code, sentence, hint, where))
        if place not in fault.places:
            fault.places.append(place)

    def problems(self) -> Iterable[Problem]:
        """One problem for each wrong name, at its first use; the other uses are told along."""
        for fault in self._faults.values():
            first, *others = fault.places
            more = [f"{place.line}:{place.column}" for place in others]
            sentence = f"{fault.sentence}, also at {', '.join(more)}" if more else fault.sentence
            yield Problem(place=first, code=fault.code, sentence=sentence, where=fault.where, hint=fault.hint)


class Scope:
    """The names known so far. `later` are those that the rest of the mapping defines."""

    def __init__(self, findings: Findings, mapping: str, *, later: Iterable[str], lenient: bool) -> None:
        self.findings = findings
        self.faults = NameFaults()
        self._mapping = mapping
        self._later = frozenset(later)
        self._lenient = lenient
        self._known: dict[str, KnownName] = {"id": KnownName(), "books": KnownName()}

    def known(self, name: str) -> KnownName | None:
        """What is known of a name, or None."""
        return self._known.get(name)

    @property
    def lists(self) -> tuple[str, ...]:
        """The names of the lists."""
        return tuple(name for name, known in self._known.items() if known.is_list)

    @property
    def is_lenient(self) -> bool:
        """Whether unknown names pass, because a part that defines names could not be read."""
        return self._lenient

    def define(self, name: str, known: KnownName) -> None:
        """From here on a name is known."""
        self._known[name] = known

    def inside(self, **names: KnownName) -> Scope:
        """A scope with more names; wrong uses are collected together."""
        inner = Scope(self.findings, self._mapping, later=self._later, lenient=self._lenient)
        inner.faults = self.faults
        inner._known = {**self._known, **names}
        return inner

    def for_each(self, group: str, variable: str) -> Scope:
        """The scope inside `for variable in group`."""
        items = self._known.get(group, KnownName())
        item = KnownName(fields=items.fields, words=items.words)
        return self.inside(**{variable: item, "loop": KnownName(fields=frozenset({"index"}), words="'loop'")})

    def template(self, node: Node | None) -> Template | None:
        """The value of a node, its names checked; None when there is none or it is wrong."""
        template = self.findings.template(node)
        if template is not None and node is not None:
            self.check(template.names, node)
        return template

    def body(self, node: Node | None) -> Body | None:
        """The body of a node, its names checked; None when there is none or it is wrong."""
        if node is None:
            return None
        found: list[Problem] = []
        body = compile_body(node, self.findings.where(node), found)
        self.findings.extend(found)
        if body is not None:
            self.check(body.names, node)
        return body

    def check(self, uses: Iterable[NameUse], node: Node) -> None:
        """Note every use of a name that is not known here or has no such field."""
        for use in uses:
            name, *keys = use.path
            known = self._known.get(name)
            if known is None:
                self._unknown(name, use.place, self._where(node))
            elif known.fields is not None and keys and keys[0] not in known.fields:
                self._no_field(name, known, keys[0], use.place, self._where(node))

    def _unknown(self, name: str, place: Place, where: str) -> None:
        if self._lenient:
            return
        if name in self._later:
            sentence = f"the name '{name}' is only known further down"
            self.faults.add(place, "E302", sentence, f"move '{name}' above this", where)
            return
        hint = did_you_mean(name, self._known) or ELSEWHERE.get(name, "")
        hint = hint or f"define '{name}' under extract or transform"
        self.faults.add(place, "E301", f"unknown name '{name}'", hint, where)

    def _no_field(self, name: str, known: KnownName, key: str, place: Place, where: str) -> None:
        fields: Any = known.fields or ()
        has = ", ".join(sorted(fields))
        hint = did_you_mean(key, fields) or (f"it has {has}" if has else f"'{name}' is the value itself")
        self.faults.add(place, "E303", f"{known.words or name} has no field '{key}'", hint, where)

    def _where(self, node: Node) -> str:
        where = self.findings.where(node)
        return where if where.split(" > ")[0] == self._mapping else f"{where}, used by {self._mapping}"
