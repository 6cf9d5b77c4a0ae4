"""The same spend in another place: what a person must look at before a document is entered."""

from __future__ import annotations

from dataclasses import dataclass

from engine.language.transform.render import Template
from engine.language.transform.select import Selector
from engine.words.problem import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTwin:
    """Documents of the target that fit `match` and are dated within `days`; `says` is how they are like ours.

    `key` are the fields that make a document's dedupe key, by which those of our own records are named.
    """

    says: str
    set: str
    match: tuple[tuple[str, Template], ...]
    key: tuple[str, ...]
    reference: Selector
    dated: Selector
    date: Template
    days: int
    every_company: bool
    place: Place

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of a row that are needed."""
        named = (path[0] for selector in (self.reference, self.dated) for path in selector.paths())
        return tuple(dict.fromkeys((*(name for name, _ in self.match), *self.key, *named)))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTwin:
    """Records that another `mapping` has entered under this label with this amount, dated within `days`."""

    says: str
    mapping: str
    label: Template
    amount: Template
    date: Template
    days: int
    place: Place


Twin = DocumentTwin | RecordTwin
