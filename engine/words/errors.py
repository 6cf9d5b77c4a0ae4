"""Exceptions, classed by what the operator must do.

ConnectorError
├── InputError         fix what was typed or written      exit code 2
├── CredentialsError   set or renew a credential           exit code 2
├── Unreachable        wait, or look at the other system   exit code 3
├── LedgerError        look at our own store               exit code 3
└── ProgramError       a promise of the code was broken    exit code 70
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.words.problem import Problem


class ConnectorError(Exception):
    """Anything this program stops for; the message is for a person, without a traceback."""

    exit_code = 70


class InputError(ConnectorError):
    """What was typed or written is wrong; `problems` says where, when it stands in a file."""

    exit_code = 2

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class CredentialsError(ConnectorError):
    """The other system does not accept who we are; the message says which connection and what to set."""

    exit_code = 2


class Unreachable(ConnectorError):
    """The other system did not answer, or not with what it promises; nothing is known to have changed."""

    exit_code = 3


class LedgerError(ConnectorError):
    """Our own store cannot be read or written; sending stops at once."""

    exit_code = 3


class ProgramError(ConnectorError):
    """A promise of this program was broken; never caught and passed over."""

    exit_code = 70
