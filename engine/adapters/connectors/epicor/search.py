"""Many look-ups in few questions: filters as long as the server takes them, and the rows sorted to their matches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from engine.adapters.connectors.answers import BadAnswer
from engine.adapters.connectors.matching import Matcher
from engine.adapters.connectors.port import Match, Page, Row
from engine.wire.odata import Condition, all_of, any_of, chunks

TOO_LONG = frozenset({400, 404, 413, 414, 431})
"""What servers answer to a filter of too many conditions, and to other things: see `Search`."""

_UNLIMITED = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked up in one set; `pages` reads the rows that a filter of at most `bytes_max` lets through."""

    where: str
    asked: Mapping[Match, tuple[Condition, ...]]
    bytes_max: int
    pages: Callable[[str], Iterator[Page]]

    def of(self, matches: Sequence[Match]) -> Question:
        """The same of some of the matches."""
        asked = {match: self.asked[match] for match in matches}
        return Question(where=self.where, asked=asked, bytes_max=self.bytes_max, pages=self.pages)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """How a question is asked: the matches that each text of a filter is for, and the conditions in one of them.

    `shared` names the fields they are asked for by, where those are not all their own.
    """

    question: Question
    texts: Mapping[str, Sequence[Match]]
    shared: frozenset[str]
    width: int


class Search:
    """Looks up many matches at once; used from several threads.

    How many conditions a filter may have is a limit of the server that nobody publishes. So a filter that is refused
    is asked for again in parts, and where every part is answered, none is asked as long again.
    """

    def __init__(self, *, in_flight: int) -> None:
        self._in_flight = in_flight
        self._conditions_max = _UNLIMITED
        self._too_common: set[tuple[str, frozenset[str]]] = set()

    def find(self, question: Question) -> dict[Match, tuple[Row, ...]]:
        """The rows of each match.

        Matches by different fields are asked for by the fields they share, in one question instead of two, as long
        as that finds no more rows than a page.

        Raises:
            BadAnswer: the server refuses a match that is asked for alone.
        """
        shared = self._shared(question)
        texts: dict[str, list[Match]] = {}
        for match, conditions in question.asked.items():
            text = all_of(tuple(one for one in conditions if not shared or one[0] in shared))
            texts.setdefault(text, []).append(match)
        width = max(len(shared) or len(conditions) for conditions in question.asked.values())
        groups_max = max(1, self._conditions_max // width)
        batches = tuple(chunks(tuple(texts), bytes_max=question.bytes_max, groups_max=groups_max))
        asking = _Asking(question=question, texts=texts, shared=shared, width=width)
        if len(batches) == 1:
            return self._ask(asking, batches[0])
        with ThreadPoolExecutor(max_workers=min(len(batches), self._in_flight)) as pool:
            return dict(pair for found in pool.map(partial(self._ask, asking), batches) for pair in found.items())

    def _ask(self, asking: _Asking, batch: tuple[str, ...]) -> dict[Match, tuple[Row, ...]]:
        matches = tuple(match for text in batch for match in asking.texts[text])
        try:
            return self._rows(asking.question.of(matches), any_of(batch), asking.shared)
        except BadAnswer as error:
            if len(batch) == 1 or error.status not in TOO_LONG:
                raise
        half = (len(batch) + 1) // 2
        # The first alone tells whether the length is at fault: if not, it is refused too, and that is the end.
        parts = [self._ask(asking, part) for part in (batch[:1], batch[1:half], batch[half:]) if part]
        self._conditions_max = min(self._conditions_max, half * asking.width)
        return dict(pair for found in parts for pair in found.items())

    def _rows(self, question: Question, text: str, shared: frozenset[str]) -> dict[Match, tuple[Row, ...]]:
        matcher = Matcher(tuple(question.asked))
        for page in question.pages(text):
            if shared and not page.complete:
                self._too_common.add((question.where, shared))
                return self.find(question)
            matcher.offer(page.rows)
        return dict(matcher.found(question.where))

    def _shared(self, question: Question) -> frozenset[str]:
        """What matches by different fields have in common; nothing where each is asked for by all of its own."""
        shapes = {frozenset(name for name, _ in match) for match in question.asked}
        shared = frozenset.intersection(*shapes) if len(shapes) > 1 else frozenset()
        return frozenset() if (question.where, shared) in self._too_common else shared
