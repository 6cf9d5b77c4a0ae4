"""How a command ends when it does not end well: one message, the right exit code, no traceback.

0 done, 1 something needs a person, 2 the input is wrong, 3 a system could not be reached, 70 a fault of this
program, 130 interrupted, 141 the reader of our output has gone.
"""

from __future__ import annotations

import itertools
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from engine.words.errors import ConnectorError, InputError, ProgramError, Unreachable
from engine.words.problem import Problem

DEBUG = "ML_CONNECTOR_DEBUG"
INTERRUPTED = 130
READER_GONE = 141


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What is told of an ending, and the exit code."""

    kind: str
    message: str
    exit_code: int
    problems: tuple[Problem, ...] = ()


def stop_for(error: BaseException) -> Stop:
    """The ending that an exception means."""
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        message = "interrupted; what was done stays done, and the next run goes on from there"
        return Stop(kind="interrupted", message=message, exit_code=INTERRUPTED)
    if isinstance(error, ProgramError):
        return _fault(error)
    if isinstance(error, ConnectorError):
        problems = error.problems if isinstance(error, InputError) else ()
        return Stop(kind=_KINDS[error.exit_code], message=str(error), exit_code=error.exit_code, problems=problems)
    if isinstance(error, click.ClickException):
        return Stop(kind="input", message=error.format_message(), exit_code=InputError.exit_code)
    if isinstance(error, OSError):
        message = f"{error.filename or 'the operating system'}: {error.strerror or error}"
        return Stop(kind="input", message=message, exit_code=InputError.exit_code)
    if _is_turn_lost(error):
        message = f"{error}; the ledger says where every record stands, and the next run goes on from there"
        return Stop(kind="elsewhere", message=message, exit_code=Unreachable.exit_code)
    return _fault(error)


_KINDS = {2: "input", 3: "unreachable"}


def _fault(error: BaseException) -> Stop:
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" at {Path(last[0].filename).name}:{last[0].lineno}" if last else ""
    return Stop(
        kind="fault",
        message=f"this is a fault of the program: {type(error).__name__}{where}: {error}. Please report it; "
        f"{DEBUG}=1 shows where it comes from",
        exit_code=ProgramError.exit_code,
    )


def _is_turn_lost(error: BaseException) -> bool:
    # The store is a heavy import, and only a command that has it can raise this.
    port = sys.modules.get("engine.adapters.store.port")
    return port is not None and isinstance(error, port.TurnLost)


def tell(stop: Stop, *, as_json: bool) -> None:
    """Say on standard error why we stop.

    As JSON: `error` (kind), `message`, `exit_code`, and `problems`, each with file, line, column, code,
    sentence, hint and where.
    """
    from engine.faces.commands.output import clean, one_line, put_json
    from engine.wiring.hidden import HIDDEN

    message = HIDDEN.masked(stop.message)
    if as_json:
        told = {
            "error": stop.kind,
            "message": clean(message),
            "exit_code": stop.exit_code,
            "problems": [problem.as_json() for problem in stop.problems],
        }
        put_json(told, err=True)
        return
    if sys.stderr.isatty():
        click.echo("\r\x1b[2K", err=True, nl=False)
    for problem in stop.problems:
        click.echo(one_line(problem), err=True)
    if stop.kind == "interrupted":
        click.echo(message, err=True)
    else:
        click.secho(f"Error: {one_line(message)}", err=True, fg="red" if sys.stderr.isatty() else None)


def wants_json(words: Sequence[str]) -> bool:
    """Whether the command line asks for JSON, even where it cannot be understood as a whole."""
    return "--format=json" in words or any(pair == ("--format", "json") for pair in itertools.pairwise(words))


def let_go_of_output() -> None:
    """After the reader has gone: nothing more may be written, not even by the interpreter at its end."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return
