"""The help of every command: its examples can be typed, every option says what it is for, JSON is described."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from engine.faces.commands.root import COMMANDS, root


def every_command(
    command: click.Command, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            inner = command.get_command(click.Context(command), name)
            assert inner is not None
            yield from every_command(inner, (*words, name))


EVERY = [
    one for name in COMMANDS for one in every_command(root.get_command(click.Context(root), name) or root, (name,))
]
LEAVES = [(words, command) for words, command in EVERY if not isinstance(command, click.Group)]


def examples_of(command: click.Command) -> list[str]:
    told = re.split(r"Examples?:", command.help or "", maxsplit=1)[1:]
    typed = re.sub(r"\$\(.*?\)", "X", "".join(told))
    return re.findall(r"^\s*(?:[A-Z_]+=\S+ )?ml-connector ([^\n|<>#]*)", typed, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_that_can_be_typed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = root.get_command(click.Context(root), name)
    assert command is not None
    lines = [line for _, one in every_command(command) for line in examples_of(one)]
    assert lines, "no example"
    for line in lines:
        parsed(root, [word for word in shlex.split(line) if word != "..."])


def parsed(command: click.Command, words: list[str]) -> None:
    """Refuses words that the command would not take; nothing is run."""
    context = click.Context(command)
    if isinstance(command, click.Group):
        inner = command.get_command(context, words[0]) if words else None
        if words and not words[0].startswith("-"):
            assert inner is not None, words
            parsed(inner, words[1:])
            return
    try:
        command.parse_args(context, words)
    except click.BadParameter as wrong:
        if "does not exist" not in wrong.message:
            raise


@pytest.mark.parametrize(("words", "command"), LEAVES, ids=[" ".join(words) for words, _ in LEAVES])
def test_every_option_has_its_help_and_json_is_described(words: tuple[str, ...], command: click.Command) -> None:
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help] == []
    forms = [one for one in options if "--format" in one.opts and "json" in getattr(one.type, "choices", ())]
    assert not forms or "JSON" in (command.help or "")
