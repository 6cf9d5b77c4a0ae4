"""The commands, each loaded only when it is used, and the one way in which errors are told."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import click

import engine

COMMANDS: dict[str, str] = {
    "init": "make a workspace, asking what only finance can answer",
    "demo": "watch all flows run against the built-in sandbox",
    "sandbox": "a real HTTP Airbase and Epicor Kinetic with seeded books",
    "validate": "check every file of the workspace, with places",
    "describe": "a mapping in plain English, with its T-account",
    "test": "run the mappings' own tests, offline",
    "plan": "what a run would do to every record now; writes nothing",
    "run": "run a mapping, or all of them",
    "status": "records by mapping and state, with amounts",
    "records": "the records of the ledger, one a line",
    "show": "a record with its attempts and its audit trail",
    "explain": "where every value sent for a record comes from, or what a cause means",
    "worklist": "what needs a person, the largest amount first, with the next command",
    "replay": "send again what was refused, through the mapping as it is now",
    "dismiss": "close records by a person's word, with a reason and a reference",
    "not-a-duplicate": "let a record through that looks like a document keyed by hand",
    "sweep": "what became of everything that was entered: posted, paid, changed, moved or gone",
    "exposure": "what Epicor could pay although Airbase pays",
    "cutover": "pair history with the invoices keyed by hand, and sign it off",
    "reconcile": "the control report: source, ledger and target, and whether they tie",
    "close": "sign a period off, open it again, see what is signed",
    "cutoff": "what stands near the end of a period, and what was moved to another day",
    "prepaid": "what each amortised bill booked to prepaid, what was released, what is left",
    "alerts": "tell people what needs them, once for each cause",
    "deploy": "write a systemd unit, a container file or a compose file",
    "backup": "copy the ledger while it is used, and verify the copy",
    "restore": "put the ledger back to a backup, with nothing entered twice",
    "audit": "show, verify and export the audit trail",
    "ping": "whether the connections work; reads only",
    "serve": "run by itself: schedules, webhooks, health and metrics, in one process",
    "worker": "the same without HTTP, as many as wanted on PostgreSQL",
    "schedule": "when what comes next; pause and resume",
    "jobs": "what waits, runs, or was set aside; and let it be done again",
    "credentials": "set and list the encrypted credentials",
    "webhook": "addresses at which events are heard, and the events that came",
}


class LazyGroup(click.Group):
    """A group whose commands live in one file each, imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order a newcomer meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"engine.faces.commands.{cmd_name.replace('-', '_')}_command")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list for `--help`, without importing any command."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a hint for a misspelt command."""
        from engine.words.problem import did_you_mean

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = did_you_mean(args[0], COMMANDS)
            ctx.fail(f"there is no command '{args[0]}'{f'; {hint}' if hint else ''}")
        return super().resolve_command(ctx, args)

    def main(self, args: Any = None, *rest: Any, **extra: Any) -> Any:
        """Run a command line to its end: always leaves by `SystemExit`, with the code the ending has."""
        from engine.faces.commands.stopping import stop_for, tell, wants_json

        words = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        try:
            _open_closed_output()
            _spell_out(sys.stdout)
            _spell_out(sys.stderr)
            code = super().main(words, *rest, **extra)
            sys.stdout.flush()
        except Exception as error:  # noqa: BLE001 - the one place where every ending is told
            as_json = wants_json(words)
            if isinstance(error, click.UsageError) and not as_json:
                error.show()
            else:
                tell(stop_for(error), as_json=as_json)
            if os.environ.get("ML_CONNECTOR_DEBUG") == "1":
                from engine.faces.commands.output import clean
                from engine.wiring.hidden import HIDDEN

                click.echo(clean(HIDDEN.masked("".join(traceback.format_exception(error)))), err=True, nl=False)
            sys.exit(stop_for(error).exit_code)
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader who has gone is no error of ours."""
        from engine.faces.commands.stopping import READER_GONE, let_go_of_output

        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            let_go_of_output()
            sys.exit(READER_GONE)
        return result


def _open_closed_output() -> None:
    """Where we were started with a closed output (`>&-`), what is said goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open to the end


def _spell_out(stream: Any) -> None:
    """A letter that the terminal does not have is spelt out instead of stopping us."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(engine.__version__, prog_name="ml-connector")
def root() -> None:
    """Move approved spend from Airbase into Epicor Kinetic, and master data back.

    Exit codes: 0 done, 1 something needs a person, 2 the input is wrong, 3 a system could not be reached, 70 a fault
    of this program, 130 interrupted.
    """
