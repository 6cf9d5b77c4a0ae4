"""What is to be done about credentials, as the commands say it."""

from __future__ import annotations

from collections.abc import Iterable

import click

from engine.faces.commands.output import one_line, put_text
from engine.wiring.credential_warnings import CredentialWarning


def put_credential_warnings(warnings: Iterable[CredentialWarning]) -> None:
    """One line for each, with the command that helps."""
    for warning in warnings:
        put_text(warning.sentence, first="warning: ")


def put_warning(text: str) -> None:
    """A warning on standard error, so that a program's result stays whole."""
    click.echo(f"warning: {one_line(text)}", err=True)
