"""What may be the same spend as a document that is about to be entered: held until a person says what it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.domain.lifecycle import State
from engine.domain.record import RecordKey
from engine.language.spec.model import MappingSpec
from engine.plan.decision import Document, Put
from engine.plan.world import World
from engine.run.matching import Beside
from engine.run.setup import Setup
from engine.run.similar import Spelt, alike, ours
from engine.run.twins import OnTheirWay, find_twins

NAMED_MAX = 5
"""So many are named in a reason; there may be more."""


def possible_duplicates(
    setup: Setup,
    spec: MappingSpec,
    documents: Sequence[Document],
    world: World,
    on_their_way: OnTheirWay,
    beside: Beside | None,
    spelt: Spelt,
) -> dict[RecordKey, Put]:
    """The documents that may be in the books already, each as the hold it becomes.

    What a person called no duplicate is passed over; `beside` is what was asked for already, `spelt` the numbers of
    those that were let through before, to which this batch's are added. Raises Unreachable when the target cannot be
    asked.
    """
    spelled, twins = (
        alike(setup, spec, documents, world),
        find_twins(setup, spec, documents, on_their_way, beside),
    )
    held: dict[RecordKey, Put] = {}
    for document in documents:
        key = document.record
        like = spelled.get(key)
        first = spelt.first(like) if like is not None else None
        named = dict(like.named) if like is not None else {}
        named |= ours(first) if first not in (None, key.source_id) else {}
        named |= {name: says for name, says in twins.get(key, {}).items() if name not in named}
        if named:
            said = _no_duplicates(setup, key)
            named = {name: how for name, how in named.items() if name not in said}
        if named:
            held[key] = _held(document, named)
        elif like is not None and first is None:
            spelt.add(like, key)
    return held


def _held(document: Document, alike: Mapping[str, str]) -> Put:
    named = dict(list(alike.items())[:NAMED_MAX])
    told = "; ".join(f"{', '.join(_with(how, named))}, {how}" for how in dict.fromkeys(named.values()))
    return Put(
        record=document.record,
        state=State.HELD,
        cause="possible_duplicate",
        reason=f"possible duplicate of {told}",
        facts=document.facts,
    )


def _with(how: str, named: Mapping[str, str]) -> Iterable[str]:
    return (name for name, its in named.items() if its == how)


def _no_duplicates(setup: Setup, key: RecordKey) -> str:
    """What a person said of this record's likenesses, all in one text."""
    details = (event.detail.get("detail") for _, event, _ in setup.ledger.trail(record=str(key)))
    acts = (detail for detail in details if isinstance(detail, Mapping) and detail.get("act") == "not a duplicate")
    return "; ".join(str(act.get("was", {}).get("reason", "")) for act in acts)
