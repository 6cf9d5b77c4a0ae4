"""Reads YAML strictly: positions are kept, and whatever readers disagree about is a problem, not a guess."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Protocol

import yaml

from engine.language.node import Node, ProblemFound
from engine.language.spec.part_words import Path, part_words
from engine.language.spec.yaml_faults import bare_braces_problem, explain, tab_problem
from engine.language.spec.yaml_scalars import Disputed, is_number_like, read_scalar
from engine.language.spec.yaml_text import decode_text
from engine.words.problem import Place, Problem

DEPTH_MAX = 60
NODES_MAX = 200_000

_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_READ_OTHERWISE = re.compile(r"\t|\ufeff|:[ \n]*,|[|>][-+0-9]*#")
"""What the two parsers do not take alike; what they differ about besides is looked at where it is met."""
_FOLDED_ITEM = re.compile(r"\n *(- )")
_FOLDED_TAB = re.compile(r"\n *(\t)")


def read_yaml(source: bytes | str, file: str) -> tuple[Node | None, tuple[Problem, ...]]:
    """The file's one document, with every problem of its YAML; None when there is no document to go on with.

    `file` is the name that the problems show. Never raises for what the file holds.
    """
    raw = source.encode("utf-8", errors="surrogatepass") if isinstance(source, str) else source
    text, problems = decode_text(raw, file)
    if text is None:
        return None, problems
    quick = _read_quickly(text, file)
    if quick is not None:
        return quick, ()
    reader = _Reader(text, file, yaml.SafeLoader)
    try:
        node = reader.document()
    except ProblemFound as found:
        return None, (*reader.problems, found.problem)
    except yaml.YAMLError as error:
        return None, (*reader.problems, explain(error, text, file))
    return node, tuple(reader.problems)


def _read_quickly(text: str, file: str) -> Node | None:
    """The document by the parser in C; None where the exact one must say what is wrong, or would be stricter."""
    if _READ_OTHERWISE.search(text):
        return None
    reader = _Reader(text, file, _QUICK)
    try:
        node = reader.document()
    except (ProblemFound, yaml.YAMLError):
        return None
    return None if reader.problems or reader.is_disputed else node


class _Mark(Protocol):
    """A position as the parser gives it; everything counts from 0."""

    @property
    def index(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


def _mark(mark: _Mark | None) -> _Mark:
    """The mark of an event: the parser gives every event one."""
    assert mark is not None
    return mark


class _Reader:
    """Turns the parser's events into nodes; problems that leave the structure readable are collected."""

    def __init__(self, text: str, file: str, loader: Any) -> None:
        self.is_disputed = False
        self._loader = loader
        self.problems: list[Problem] = []
        self._text = text
        self._file = file
        self._nodes = 0

    def document(self) -> Node:
        """The document.

        Raises:
            ProblemFound: the file is empty, has two documents, or is too large or too deep.
            yaml.YAMLError: it is not YAML.
        """
        events: Iterator[yaml.Event] = iter(yaml.parse(self._text, Loader=self._loader))
        next(events)
        start = next(events)
        if not isinstance(start, yaml.DocumentStartEvent):
            raise self._stop(Place(file=self._file, line=1, column=1), "E101", "the file is empty", "fill it")
        if start.version or start.tags:
            self._add(
                self._place(start.start_mark), "E109", "a % directive; this language has none", "remove the line", ()
            )
        root = self._value(next(events), events, ())
        next(events)
        after = next(events)
        if isinstance(after, yaml.DocumentStartEvent):
            second = "a second document begins here"
            raise self._stop(
                self._place(after.start_mark), "E102", second, "remove the '---'; one file is one document"
            )
        return root

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> Node:
        place = self._place(event.start_mark)
        self._count(place, path)
        self._refuse_anchor_and_tag(event, place, path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(place=place, items=tuple(self._items(events, path)))
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, place, path)
        return Node(place=place)

    def _items(self, events: Iterator[yaml.Event], path: Path) -> Iterator[Node]:
        index = 0
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            yield self._value(event, events, (*path, index))
            index += 1

    def _mapping(self, events: Iterator[yaml.Event], place: Place, path: Path) -> Node:
        fields: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._key(event, events, place, path)
            at = self._key_place(event)
            value = self._value(next(events), events, (*path, key or "?"))
            if key is None:
                continue
            if key in keys:
                twice = f"the key '{key}' is written twice; it stands in line {keys[key].line} already"
                self._add(at, "E103", twice, "keep one of the two", (*path, key))
                continue
            fields[key], keys[key] = value, at
        return Node(place=place, fields=fields, keys=keys)

    def _key(self, event: yaml.Event, events: Iterator[yaml.Event], outer: Place, path: Path) -> str | None:
        place = self._place(event.start_mark)
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse_key(event, events, outer, path)
            return None
        self._count(place, path)
        self._refuse_anchor_and_tag(event, place, path)
        text = event.value
        self.is_disputed |= not event.style and "?" in text
        if not event.style and text == "<<":
            self._add(
                place,
                "E109",
                "'<<' merges another part; this language has no merging",
                "write the keys out in full",
                path,
            )
            return None
        if not event.style and (text in {"", "~", "null"} or is_number_like(text)):
            hint = f'write "{text}" in quotes' if text else "write the key before the ':'"
            self._add(place, "E110", f"the key '{text}' is not text", hint, path)
        return str(text)

    def _refuse_key(self, event: yaml.Event, events: Iterator[yaml.Event], outer: Place, path: Path) -> None:
        place = self._place(event.start_mark)
        if self._text.startswith("{{", self._index(outer)):
            raise ProblemFound(bare_braces_problem(self._file, outer.line, outer.column))
        self._value(event, events, path)
        self._add(place, "E106", "a key must be text", "write 'key: value'", path)

    def _scalar(self, event: yaml.ScalarEvent, place: Place, path: Path) -> Node:
        start, end = _mark(event.start_mark), _mark(event.end_mark)
        written = self._text[start.index : end.index]
        value: None | bool | int | Decimal | str = event.value
        self.is_disputed |= not event.style and "?" in event.value  # the exact parser reads it as the sign of a key
        self.is_disputed |= not written and not self._is_behind_sign(start)
        if not event.style:  # plain: the parser in C says it with an empty text
            self._refuse_folding(written, event)
            try:
                value = read_scalar(event.value)
            except Disputed as disputed:
                sentence = f"YAML readers disagree about {event.value}"
                self._add(place, "E110", sentence, str(disputed), path)
            exact = written == event.value
            return Node(place=place, scalar=value, exact=exact, text_place=place if exact else None)
        exact = event.style in {"'", '"'} and written[1:-1] == event.value and "\n" not in written
        inside = Place(file=place.file, line=place.line, column=place.column + 1)
        return Node(place=place, scalar=value, exact=exact, text_place=inside if exact else None)

    def _is_behind_sign(self, mark: _Mark) -> bool:
        """Where the exact parser says that nothing stands; the one in C may say it later, or in the next line."""
        return mark.column > 0 and self._text[mark.index - 1] in ":-?"

    def _refuse_folding(self, written: str, event: yaml.ScalarEvent) -> None:
        """A plain text may run on in the next line; a list item or a tab there is a slip of indentation."""
        if (found := _FOLDED_TAB.search(written)) is not None:
            line = _mark(event.start_mark).line + 1 + written[: found.start(1)].count("\n")
            raise ProblemFound(tab_problem(self._file, line, found.start(1) - found.start()))
        if (found := _FOLDED_ITEM.search(written)) is not None:
            line = _mark(event.start_mark).line + 1 + written[: found.start(1)].count("\n")
            place = Place(file=self._file, line=line, column=found.start(1) - found.start())
            raise self._stop(
                place,
                "E102",
                "this list item is indented wrongly",
                "items of one list begin in the same column; a list begins below its key",
            )

    def _refuse_anchor_and_tag(self, event: yaml.Event, place: Place, path: Path) -> None:
        tag, anchor = getattr(event, "tag", None), getattr(event, "anchor", None)
        if tag is not None:
            written = str(tag).replace("tag:yaml.org,2002:", "!!")
            hint = "remove it; put a value in quotes to make it text"
            self._add(place, "E109", f"'{written}' is a tag; this language has none", hint, path)
        if anchor is None:
            return
        written = f"*{anchor}' is an alias" if isinstance(event, yaml.AliasEvent) else f"&{anchor}' is an anchor"
        raise self._stop(
            place, "E109", f"'{written}; this language has none", "write the value out in full wherever it is used"
        )

    def _count(self, place: Place, path: Path) -> None:
        self._nodes += 1
        if len(path) > DEPTH_MAX:
            deep = f"values are nested more than {DEPTH_MAX} deep"
            raise self._stop(place, "E111", deep, "no part of this language is that deep")
        if self._nodes > NODES_MAX:
            raise self._stop(place, "E111", f"the file has more than {NODES_MAX:,} values", "split the file")

    def _key_place(self, event: yaml.Event) -> Place:
        """Where a key's text begins: behind the quote, if there is one and the text stands as it is."""
        place = self._place(event.start_mark)
        if getattr(event, "style", None) not in {"'", '"'}:
            return place
        return Place(file=place.file, line=place.line, column=place.column + 1)

    def _place(self, mark: _Mark | None) -> Place:
        at = _mark(mark)
        return Place(file=self._file, line=at.line + 1, column=at.column + 1)

    def _index(self, place: Place) -> int:
        lines = self._text.splitlines(keepends=True)
        return sum(len(line) for line in lines[: place.line - 1]) + place.column - 1

    def _add(self, place: Place, code: str, sentence: str, hint: str, path: Path) -> None:
        where = part_words(self._file, path)
        self.problems.append(Problem(place=place, code=code, sentence=sentence, where=where, hint=hint))

    def _stop(self, place: Place, code: str, sentence: str, hint: str) -> ProblemFound:
        where = part_words(self._file, ())
        return ProblemFound(Problem(place=place, code=code, sentence=sentence, where=where, hint=hint))
