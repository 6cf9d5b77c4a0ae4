"""The parts of the README that are made from the code; `python -m tests.readme_parts` writes them anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from engine.domain.causes import CAUSES
from engine.domain.lifecycle import MEANINGS, MOVES, OPEN, State
from engine.faces.commands.root import COMMANDS
from engine.language.spec.alerts_schema import OWN, RULES
from engine.language.spec.settings import SETTINGS
from engine.language.transform.filters import FILTERS, TESTS
from engine.words.codes import CODES

README = Path(__file__).resolve().parent.parent / "README.md"
PART = re.compile(r"(<!-- made from the code: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def life() -> str:
    common = frozenset.intersection(*(MOVES[state] for state in OPEN))
    lines = ["```mermaid", "stateDiagram-v2", '    state "open: decided anew by every run" as open {']
    lines += [f"        {state}" for state in State if state in OPEN]
    lines += ["    }", *(f"    open --> {after}" for after in State if after in common - OPEN)]
    lines += [
        f"    {state} --> {after}"
        for state, moves in MOVES.items()
        for after in State
        if after in (moves - common if state in OPEN else moves)
    ]
    lines += ["```", "", "| state | meaning |", "|---|---|"]
    lines += [f"| {state.replace('_', ' ')} | {MEANINGS[state]} |" for state in State]
    return "\n".join(lines)


def filters() -> str:
    lines = ["| filter | what it does | example | gives |", "|---|---|---|---|"]
    for name, spec in sorted(FILTERS.items()):
        expression, result = spec.example
        cells = (f"`{_cell(name + spec.usage)}`", _cell(spec.doc), f"`{_cell(expression)}`", f"`{_cell(result)}`")
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "Tests, after `is` or `is not`:", ""]
    lines += [f"- `{name}`: {test.doc}" for name, test in sorted(TESTS.items())]
    return "\n".join(lines)


def settings() -> str:
    lines = ["| setting | kind | default | meaning |", "|---|---|---|---|"]
    for one in SETTINGS.values():
        default = "**none: you answer**" if one.needed else "not set"
        lines.append(f"| `{one.name}` | {_cell(one.type_words)} | {default} | {_cell(one.meaning)} |")
    return "\n".join(lines)


def causes() -> str:
    lines = ["| cause | what it means | who | what to do |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {one.title} | {one.owner} | {one.advice} |" for name, one in CAUSES.items()]
    return "\n".join(lines)


def commands() -> str:
    rows = (f"| `{name}` | {told} |" for name, told in COMMANDS.items())
    return "\n".join(["| command | what it does |", "|---|---|", *rows])


def codes() -> str:
    return "\n".join(["| code | meaning |", "|---|---|", *(f"| {code} | {told} |" for code, told in CODES.items())])


def alerts() -> str:
    lines = ["| rule | told when | needs |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {told} | {', '.join(f'`{key}`' for key in OWN.get(name, ()))} |"
        for name, told in RULES.items()
    ]
    return "\n".join(lines)


PARTS: dict[str, Callable[[], str]] = {
    "life": life,
    "filters": filters,
    "settings": settings,
    "causes": causes,
    "commands": commands,
    "codes": codes,
    "alerts": alerts,
}


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def made_anew(text: str) -> str:
    """The README's text with every such part as the code has it now."""
    return PART.sub(lambda found: f"{found[1]}{PARTS[found['name']]()}\n{found[3]}", text)


if __name__ == "__main__":
    README.write_text(made_anew(README.read_text(encoding="utf-8")), encoding="utf-8")
