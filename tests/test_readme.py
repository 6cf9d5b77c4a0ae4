"""The README cannot lie: its tables are made from the code and its commands print what it says."""

from __future__ import annotations

import re

import click
import pytest

from engine.faces.commands.root import COMMANDS, root
from tests.readme_parts import README, made_anew
from tests.readme_tour import demo_workspace, run, steady, typed

TEXT = README.read_text(encoding="utf-8")


def test_the_tables_are_as_the_code_has_them() -> None:
    assert made_anew(TEXT) == TEXT, "run python -m tests.readme_parts"


def test_every_command_is_named_in_the_readme() -> None:
    assert [name for name in COMMANDS if f"`{name}`" not in TEXT] == []


def test_every_variable_of_the_environment_is_named() -> None:
    engine = README.parent / "engine"
    named = {name for path in engine.rglob("*.py") for name in re.findall(r"ML_CONNECTOR_[A-Z_]+", path.read_text())}
    assert sorted(name for name in named if f"`{name}`" not in TEXT) == []


def test_every_command_that_is_to_be_typed_is_there_with_its_options() -> None:
    typed_inline = re.findall(r"`(?:ml-connector )?([a-z][a-z-]*(?: [^`]*)?)`", TEXT)
    unknown = [words for words in typed_inline if " " in words and words.split()[0] in COMMANDS and wrong(words)]
    unknown += [words for words in re.findall(r"ml-connector ([a-z-]+)", TEXT) if words not in COMMANDS]
    assert unknown == []


def wrong(words: str) -> bool:
    """Whether a command line names a subcommand or an option that is not there."""
    first, *rest = words.split()
    command = root.get_command(click.Context(root), first)
    while isinstance(command, click.Group) and rest:
        command, rest = command.commands.get(rest[0].partition("|")[0]), rest[1:]
    if command is None:
        return True
    known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    return not {word for word in rest if word.startswith("--")} <= known


@pytest.mark.slow
def test_the_tour_prints_what_the_readme_says() -> None:
    with demo_workspace() as folder:
        differing = {
            one.command: (one.shown, printed)
            for one in typed(TEXT)
            if steady(printed := run(one.command, folder)) != steady(one.shown)
        }
    assert not differing
