"""What differs between two JSON values, leaf by leaf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.words.json_value import decode, encode, shown

ABSENT = "(nothing)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One leaf that is not the same: where it stands, and both values as text (`(nothing)` where it is absent)."""

    path: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.path}: {self.before} -> {self.after}"

    def as_json(self) -> dict[str, str]:
        """The change as JSON."""
        return {"path": self.path, "before": self.before, "after": self.after}


def changes(before: Any, after: Any) -> tuple[Change, ...]:
    """Every leaf that differs, in the order of the paths of `after`, then of those only `before` has.

    Numbers are compared by value, so 40 and 40.00 are the same; list items are compared by their position.
    """
    old, new = _leaves(before), _leaves(after)
    paths = dict.fromkeys((*new, *old))
    return tuple(
        Change(path=path, before=_shown(old, path), after=_shown(new, path))
        for path in paths
        if path not in old or path not in new or not _same(old[path], new[path])
    )


def _leaves(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    _collect(decode(encode(value)), "", found)
    return found


def _collect(value: Any, path: str, found: dict[str, Any]) -> None:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            _collect(inner, f"{path}.{key}" if path else str(key), found)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            _collect(inner, f"{path}[{index}]", found)
    else:
        found[path] = value


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    return bool(before == after)


def _shown(leaves: dict[str, Any], path: str) -> str:
    if path not in leaves:
        return ABSENT
    return shown(leaves[path]) or '""'
