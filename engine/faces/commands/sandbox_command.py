"""`sandbox`: the two simulated systems, until they are stopped."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from engine.faces.commands.output import format_option, put_json
from engine.faces.sandbox.demo import demo_folder, make_demo, start_sandbox


@click.command("sandbox")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=demo_folder,
    show_default="the demonstration's that you stand in, or ml-connector-demo",
    help="The demonstration's workspace; made when it is not there.",
)
@format_option
def command(folder: Path, form: str) -> None:
    """Start a real HTTP Airbase and a real HTTP Epicor Kinetic with seeded books, on this machine alone.

    Their books can be looked at in a browser, and faults switched on while it runs. Ctrl-C stops it; what was
    entered is kept in the folder.

    \b
    Examples:
      ml-connector sandbox
      ml-connector sandbox --folder try

    \b
    JSON: {workspace, made, airbase, epicor, epicor_token, books, faults}, the last five as URLs.
    """
    made = make_demo(folder)
    sandbox = start_sandbox(folder)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        if form == "json":
            put_json({"workspace": str(folder), "made": made, **sandbox.urls})
        else:
            click.echo(f"workspace  {folder}{' (new)' if made else ''}")
            for name, url in sandbox.urls.items():
                click.echo(f"{name:<13} {url}")
            click.echo("Ctrl-C stops it")
        stop.wait()
    finally:
        sandbox.stop()
