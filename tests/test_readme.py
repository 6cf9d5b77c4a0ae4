"""The README cannot lie: its tables are made from the code and its commands print what it says."""

from __future__ import annotations

import pytest

from engine.faces.commands.root import COMMANDS
from tests.readme_parts import README, made_anew
from tests.readme_tour import demo_workspace, run, steady, typed

TEXT = README.read_text(encoding="utf-8")


def test_the_tables_are_as_the_code_has_them() -> None:
    assert made_anew(TEXT) == TEXT, "run python -m tests.readme_parts"


def test_every_command_is_named_in_the_readme() -> None:
    assert [name for name in COMMANDS if f"`{name}`" not in TEXT] == []


@pytest.mark.slow
def test_the_tour_prints_what_the_readme_says() -> None:
    with demo_workspace() as folder:
        differing = {
            one.command: (one.shown, printed)
            for one in typed(TEXT)
            if steady(printed := run(one.command, folder)) != steady(one.shown)
        }
    assert not differing
