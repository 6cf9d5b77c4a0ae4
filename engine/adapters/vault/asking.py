"""Asking a person for the passphrase, where there is a person to ask."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable

Ask = Callable[[], str]
"""Gives the passphrase, or nothing where nobody can be asked."""


class AskedOnce:
    """Asks on the terminal, once for its own life; a scheduled or piped program is never kept waiting."""

    def __init__(self) -> None:
        self._text = ""

    def __call__(self) -> str:
        """The passphrase; empty where standard input or standard error is no terminal."""
        if not self._text and sys.stdin.isatty() and sys.stderr.isatty():
            try:
                self._text = getpass.getpass("passphrase of the credentials: ", stream=sys.stderr)
            except EOFError:
                return ""
        return self._text


def nobody() -> str:
    """For use where there is nobody to ask."""
    return ""
