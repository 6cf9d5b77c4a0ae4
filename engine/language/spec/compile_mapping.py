"""Compiles one mapping with its recipe, and collects everything that is wrong with the two."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from engine.language.node import Node
from engine.language.spec.check_shape import check_shape
from engine.language.spec.compile_booking import compile_checks, compile_entries
from engine.language.spec.compile_dedupe import compile_acknowledge, compile_dedupe
from engine.language.spec.compile_exposed import compile_exposed
from engine.language.spec.compile_extract import compile_extract
from engine.language.spec.compile_reconcile import compile_reconcile
from engine.language.spec.compile_source import compile_filters, compile_source
from engine.language.spec.compile_steps import compile_steps
from engine.language.spec.compile_target import compile_target
from engine.language.spec.compile_tests import SampleFiles, compile_tests
from engine.language.spec.compile_twins import compile_twins
from engine.language.spec.findings import Findings
from engine.language.spec.mapping_schema import mapping_schema, merged_schema
from engine.language.spec.model import MappingSpec
from engine.language.spec.recipe_merge import Merged, merge
from engine.language.spec.scope import KnownName, Scope
from engine.language.spec.walk_spec import name_uses
from engine.language.spec.workspace_file import FileRead
from engine.words.problem import Problem, did_you_mean, in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeRead:
    """The recipe a mapping names: its file, or None when it cannot be gone on with; `problems` of the file."""

    file: FileRead | None
    problems: tuple[Problem, ...]


def compile_mapping(
    path: Path, file: FileRead, recipe: RecipeRead | None, samples: SampleFiles
) -> tuple[MappingSpec | None, tuple[Problem, ...]]:
    """The mapping, or None when it has an error; and every problem of it and its recipe."""
    if file.root is None:
        return None, file.problems
    if file.root.fields is None:
        return None, in_order((*file.problems, *check_shape(file.root, mapping_schema())))
    below = recipe.file if recipe is not None else None
    below_root = below.root if below is not None else None
    roots = [file.root, *([below_root] if below_root is not None else [])]
    findings = Findings(*roots)
    findings.extend(file.problems)
    findings.extend(recipe.problems if recipe is not None else ())
    merged = merge(file.root, below_root)
    is_partial = recipe is not None and below_root is None
    findings.extend(check_shape(merged.root, _schema(merged, is_partial=is_partial)))
    _check_name(file.root, path, findings)
    if merged.root.fields is None:
        return None, in_order(findings.problems)
    spec = _compile(merged, file, below, findings, samples, path, is_partial=is_partial)
    return spec, in_order(findings.problems)


def _schema(merged: Merged, *, is_partial: bool) -> dict[str, object]:
    if is_partial:
        return mapping_schema()
    mode = merged.root.find(("target", "mode"))
    return merged_schema(calls=mode.scalar != "report")


def _check_name(root: Node, path: Path, findings: Findings) -> None:
    node = root.get("name")
    if node is None or not isinstance(node.scalar, str) or findings.is_damaged(root, "name"):
        return
    if node.scalar != path.stem:
        sentence = f"the mapping is called '{node.scalar}' and its file {path.name}"
        findings.add(node, "E107", sentence, f"write {path.stem}, or rename the file")


def _compile(
    merged: Merged,
    file: FileRead,
    recipe: FileRead | None,
    findings: Findings,
    samples: SampleFiles,
    path: Path,
    *,
    is_partial: bool,
) -> MappingSpec | None:
    root = merged.root
    scope = _scope(merged, file, recipe, findings, is_partial=is_partial)
    source = compile_source(root, findings)
    filters = compile_filters(root, findings)
    fields, groups = compile_extract(root, scope)
    _check_needs(merged, file, recipe, scope)
    target_node = root.find(("target", "connection"))
    target_name = target_node.scalar if isinstance(target_node.scalar, str) else ""
    steps = compile_steps(merged.transform, scope, target_name)
    checks = compile_checks(merged.check, scope)
    entries = compile_entries(root, scope)
    target = compile_target(root, scope)
    dedupe = compile_dedupe(root, scope)
    acknowledge = compile_acknowledge(root, scope)
    reconcile = compile_reconcile(root, scope)
    exposed = compile_exposed(root, scope)
    twins = compile_twins(root, scope)
    tests = compile_tests(root, path.parent, findings, samples)
    findings.extend(scope.faults.problems())
    if findings.has_errors or is_partial or source is None or target is None:
        return None
    plain = root.plain()
    looked_at = _roots((dedupe, exposed))
    updated = target.call if target.mode != "create_once" else None  # worked out again, with the target's own id
    return MappingSpec(
        name=plain["name"],
        title=plain["title"],
        owner=plain.get("owner"),
        switched_on=plain.get("switched_on", True),
        after=tuple(plain.get("after", ())),
        source=source,
        filters=filters,
        fields=fields,
        groups=groups,
        steps=steps,
        checks=checks,
        entries=entries,
        target=target,
        dedupe=dedupe,
        acknowledge=acknowledge,
        reconcile=reconcile,
        exposed=exposed,
        twins=twins,
        tests=tests,
        looked_at=looked_at,
        used_later=looked_at | _roots((twins, target.at_once_per, target.ensure, target.defaults, updated)),
        content_hash=_content_hash(file, recipe),
        files=(file.shown, *([recipe.shown] if recipe is not None else [])),
        place=root.place,
        merged=plain,
        root=root,
    )


def _roots(parts: tuple[Any, ...]) -> frozenset[str]:
    """The names that the expressions of these parts begin with."""
    return frozenset(use.path[0] for use in name_uses(parts))


def _scope(merged: Merged, file: FileRead, recipe: FileRead | None, findings: Findings, *, is_partial: bool) -> Scope:
    """The scope at the top. Names are not checked where a part that defines them could not be read."""
    later = [name for block in merged.transform for name in block.fields or ()]
    roots = [node for node in (file.root, recipe.root if recipe is not None else None) if node is not None]
    unreadable = is_partial or any(_lost_part(node, findings) for node in roots)
    scope = Scope(findings, PurePath(file.shown).stem, later=later, lenient=unreadable)
    if merged.root.find(("source", "each_company")).scalar is True:
        scope.define("company", KnownName(fields=frozenset(), words="'company'"))
    return scope


def _lost_part(root: Node, findings: Findings) -> bool:
    """Whether `extract` or `transform` may be there under another name or in another shape."""
    wrong_keys = {problem.place for problem in findings.problems if problem.code in {"E103", "E104", "E105"}}
    if not wrong_keys.isdisjoint({*root.keys.values(), root.place}):
        return True
    parts = [root.get(key) for key in ("extract", "transform")]
    return any(part is not None and part.fields is None for part in parts)


def _check_needs(merged: Merged, file: FileRead, recipe: FileRead | None, scope: Scope) -> None:
    """Every name the recipe needs is defined by the mapping, or said to be missing once."""
    needs = recipe.root.get("needs") if recipe is not None and recipe.root is not None else None
    at = file.root.get("recipe") if file.root is not None else None
    if needs is None or needs.items is None or at is None or scope.is_lenient:
        return
    own_steps = file.root.get("transform") if file.root is not None else None
    own = set(own_steps.fields or ()) if own_steps is not None else set()
    extracted = merged.root.get("extract")
    given = own | set(extracted.fields or () if extracted is not None else ())
    for node in needs.items:
        name = node.scalar
        if isinstance(name, str) and name not in given and scope.known(name) is None:
            hint = did_you_mean(name, given) or f"define '{name}' under extract or transform"
            sentence = f"the recipe '{at.scalar}' needs '{name}', which this mapping does not define"
            scope.findings.add(at, "E505", sentence, hint)
            scope.define(name, KnownName(is_list=True))


def _content_hash(file: FileRead, recipe: FileRead | None) -> str:
    """SHA-256 over both files, each led by its length so that no two pairs of files look alike."""
    sha = hashlib.sha256()
    for content in (file.content, recipe.content if recipe is not None else b""):
        sha.update(f"{len(content)}:".encode())
        sha.update(content)
    return sha.hexdigest()
