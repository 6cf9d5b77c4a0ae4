"""What the commands print: text for people, JSON for programs, never a terminal escape from outside."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import click

from engine.wire.masking import mask_links
from engine.words.json_value import encode
from engine.words.money import show_money

_F = TypeVar("_F", bound=Callable[..., Any])

TEXT_WIDTH = 100

_OBEYED = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def clean(text: object) -> str:
    """Text from outside, without control characters (terminal escapes among them) and without a signed link."""
    shown = mask_links(str(text))
    return "".join(letter if letter == "\n" or letter.isprintable() else " " for letter in shown)


def one_line(text: object) -> str:
    """Text from outside that must stay on its own line."""
    return clean(text).replace("\n", " ")


def shown_amount(amount: Decimal | None, currency: str | None) -> str:
    """An amount with its currency; nothing where there is none."""
    if amount is None:
        return ""
    return f"{show_money(amount)} {currency or '   '}"


def shown_amounts(amounts: Mapping[str, Decimal]) -> tuple[str, ...]:
    """One amount a line, by currency."""
    return tuple(shown_amount(amount, currency) for currency, amount in sorted(amounts.items())) or ("",)


def shown_time(moment: datetime) -> str:
    """A moment for people, to the second, with its zone."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def counted(number: int, word: str) -> str:
    """`1 record`, `2 records`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def put_text(text: str, *, first: str = "", indent: str = "") -> None:
    """A text from outside or from us, wrapped to a page on a terminal and whole elsewhere."""
    cleaned = one_line(text)
    if not sys.stdout.isatty():
        click.echo(f"{first}{cleaned}")
        return
    width = min(click.get_current_context().terminal_width or _terminal_width(), 2 * TEXT_WIDTH)
    click.echo(
        textwrap.fill(
            cleaned, width, initial_indent=first, subsequent_indent=indent or " " * len(first), break_on_hyphens=False
        )
    )


def _terminal_width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


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
        help="How the result is printed; with json an error is a JSON object on standard error.",
    )(command)


def list_format_option(note: str = "How the list is printed.") -> Callable[[_F], _F]:
    """`--format table|json|csv`, for what is also taken into a spreadsheet; `note` is its help."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["table", "json", "csv"]),
        default="table",
        show_default=True,
        help=note,
    )


def put_json(value: object, *, err: bool = False) -> None:
    """One JSON value on standard output, or with `err` on standard error.

    Links are masked, and what a terminal would obey is written as `\\u…`.
    """
    text = encode(mask_links(value)).decode()
    click.echo(_OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text), err=err)


def progress() -> Callable[[str, int], None]:
    """A listener that counts on the terminal; silent elsewhere."""
    if not sys.stderr.isatty():
        return lambda _what, _count: None
    counts: dict[str, int] = {}

    def tell(what: str, count: int) -> None:
        counts[what] = counts.get(what, 0) + count
        line = "  ".join(f"{name} {number:,}" if number else name for name, number in counts.items())
        click.echo(f"\r\x1b[2K{line[: _terminal_width() - 1]}", err=True, nl=False)

    return tell


def end_progress() -> None:
    """Clear the counting line."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[2K", err=True, nl=False)
