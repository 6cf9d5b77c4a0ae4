"""What the commands print: tables for people, JSON for programs, never a terminal escape from outside."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from engine.words.errors import ConnectorError, InputError
from engine.words.json_value import encode

_F = TypeVar("_F", bound=Callable[..., Any])


def clean(text: object) -> str:
    """Text from outside, without control characters (terminal escapes among them)."""
    return "".join(letter if letter == "\n" or letter.isprintable() else " " for letter in str(text))


def workspace_option(command: _F) -> _F:
    """`--workspace`: the folder to work in; this folder or one above it by default."""
    return click.option(
        "--workspace",
        "-w",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(),
        help="The workspace; by default this folder or the nearest one above it.",
    )(command)


def format_option(command: _F) -> _F:
    """`--format table|json`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="How the result is printed.",
    )(command)


def put_json(value: object) -> None:
    """One JSON value on standard output."""
    click.echo(encode(value).decode())


def put_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """A table; columns named in `right` are aligned right. Plain text when it is not a terminal."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE, show_edge=False, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    width = None if sys.stdout.isatty() else 160
    Console(width=width, highlight=False, soft_wrap=False).print(table)


def tell_error(error: ConnectorError) -> None:
    """The error on standard error: its problems, each with its place, then the message."""
    problems = error.problems if isinstance(error, InputError) else ()
    for problem in problems:
        click.echo(clean(problem), err=True)
    click.secho(f"Error: {clean(error)}", err=True, fg="red" if sys.stderr.isatty() else None)


def progress() -> Callable[[str, int], None]:
    """A listener that counts on the terminal; silent elsewhere."""
    if not sys.stderr.isatty():
        return lambda _what, _count: None
    counts: dict[str, int] = {}

    def tell(what: str, count: int) -> None:
        counts[what] = counts.get(what, 0) + count
        line = "  ".join(f"{name} {number}" if number else name for name, number in counts.items())
        click.echo(f"\r\x1b[2K{line}", err=True, nl=False)

    return tell


def end_progress() -> None:
    """Clear the counting line."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[2K", err=True, nl=False)
