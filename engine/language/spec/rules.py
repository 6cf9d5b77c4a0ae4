"""The rules that loaded mappings must keep, alone and together."""

from __future__ import annotations

from collections.abc import Sequence

from engine.language.spec.known import Known
from engine.language.spec.model import MappingSpec
from engine.language.spec.rule_catalogue import check_against_catalogue
from engine.language.spec.rule_feeds import check_feeds
from engine.language.spec.rule_modes import check_modes
from engine.language.spec.rule_names import check_names
from engine.language.spec.rule_samples import check_samples
from engine.words.problem import Problem, in_order


def check_mappings(specs: Sequence[MappingSpec], known: Known) -> tuple[Problem, ...]:
    """Every breach of a rule, in the order of the files; warnings have codes that begin with W.

    The same fault of a recipe is said once, however many mappings use the recipe.
    """
    found: dict[tuple[object, ...], Problem] = {}
    for problem in check_feeds(specs):
        found.setdefault((problem.place, problem.code, problem.sentence), problem)
    for spec in specs:
        for problem in (
            *check_names(spec, known),
            *check_modes(spec),
            *check_against_catalogue(spec, known),
            *check_samples(spec),
        ):
            found.setdefault((problem.place, problem.code, problem.sentence), problem)
    return in_order(found.values())
