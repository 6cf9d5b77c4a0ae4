"""The world as it is: look-ups asked of the connectors and remembered for the length of a run."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.adapters.connectors.port import Lookup
from engine.language.crosswalk.crosswalk import Crosswalk
from engine.language.spec.books import Company
from engine.plan.world import Match, Row
from engine.run.setup import Setup
from engine.run.signed_periods import signed_spans
from engine.words.errors import InputError

REMEMBERED_MAX = 50_000
"""Rows that are remembered at most; a look-up that found none counts as one."""

_Key = tuple[str, str | None, str, Match]


@dataclass(frozen=True, slots=True)
class _Answer:
    """The rows of a match with the fields that were asked for; none asked for are all of them."""

    fields: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def size(self) -> int:
        """What it counts for in the memory."""
        return max(1, len(self.rows))

    def serves(self, wanted: Sequence[str], match: Match) -> bool:
        """Whether it shows all that is wanted: the compared fields are always shown."""
        return not self.fields or (bool(wanted) and {*wanted} <= {*self.fields, *(name for name, _ in match)})


class LiveWorld:
    """Look-ups through the connectors with a bounded memory; made anew for every run."""

    def __init__(self, setup: Setup, *, remembered_max: int = REMEMBERED_MAX) -> None:
        self._setup = setup
        self._remembered: OrderedDict[_Key, _Answer] = OrderedDict()
        self._remembered_max = remembered_max
        self._size = 0
        self._lock = threading.Lock()
        self._companies: dict[str, Company | None] = {}

    def look_up(
        self,
        connection: str,
        company: str | None,
        set_name: str,
        matches: Sequence[Match],
        fields: Sequence[str],
    ) -> Mapping[Match, tuple[Row, ...]]:
        """The rows for each match, with these fields at least; only what is not remembered is asked for."""
        wanted = dict.fromkeys(fields)
        found: dict[Match, tuple[Row, ...]] = {}
        missing: list[Match] = []
        with self._lock:
            for match in matches:
                known = self._remembered.get((connection, company, set_name, match))
                if known is not None and known.serves(fields, match):
                    found[match] = known.rows
                    self._remembered.move_to_end((connection, company, set_name, match))
                else:
                    missing.append(match)
                    # Asked again for other fields, it shows the earlier ones too, so that both look-ups are served.
                    wanted |= dict.fromkeys(known.fields if known is not None and fields else ())
        if missing:
            asked = self._setup.connectors[connection].find(
                Lookup(set=set_name, matches=missing, fields=tuple(wanted), company=company)
            )
            with self._lock:
                for match in missing:
                    found[match] = asked[match]
                    self._remember((connection, company, set_name, match), _Answer(tuple(wanted), asked[match]))
        return found

    def crosswalk(self, name: str) -> Crosswalk:
        """A crosswalk of the workspace.

        Raises:
            InputError: there is none of that name.
        """
        try:
            return self._setup.crosswalks[name]
        except KeyError:
            raise InputError(f"there is no crosswalk '{name}'") from None

    def company(self, name: str) -> Company | None:
        """A company of books.yaml, with the periods that are signed off as of the beginning of the run."""
        with self._lock:
            if name not in self._companies:
                self._companies[name] = self._with_sign_offs(name)
            return self._companies[name]

    def _with_sign_offs(self, name: str) -> Company | None:
        company = self._setup.books.companies.get(name)
        if company is None:
            return None
        return replace(company, signed=signed_spans(self._setup.ledger, name))

    def _remember(self, key: _Key, answer: _Answer) -> None:
        """Keep it; what was used longest ago goes."""
        known = self._remembered.pop(key, None)
        self._size += answer.size - (known.size if known is not None else 0)
        self._remembered[key] = answer
        while self._size > self._remembered_max:
            _, oldest = self._remembered.popitem(last=False)
            self._size -= oldest.size
