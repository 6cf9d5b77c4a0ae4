"""`deploy`: the files that run it as a service."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.faces.commands.output import put_text
from engine.words.errors import InputError

_FILES = Path(__file__).resolve().parent / "deployment"
_KINDS: dict[str, tuple[str, ...]] = {
    "systemd": ("ml-connector.service",),
    "container": ("Containerfile",),
    "compose": ("compose.yaml", "Containerfile"),
}


@click.command("deploy")
@click.argument("kind", type=click.Choice(list(_KINDS)))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    metavar="FOLDER",
    help="Where the files are written; here by default.",
)
def command(kind: str, out: Path) -> None:
    """Write the files that run it as a service: a systemd unit, a container file, or a compose file.

    Each begins with the steps that put it to work. compose has PostgreSQL and any number of workers, and comes with
    the container file. A file that is there already is not written over.

    \b
    Examples:
      ml-connector deploy systemd --out /tmp
      ml-connector deploy compose --out deployment
    """
    targets = {name: out / name for name in _KINDS[kind]}
    there = [str(target) for target in targets.values() if target.exists()]
    if there:
        raise InputError(f"{', '.join(there)} is there already, and is not written over; name another folder")
    out.mkdir(parents=True, exist_ok=True)
    program = Path(sys.executable).with_name("ml-connector")
    for name, target in targets.items():
        text = (_FILES / name).read_text(encoding="utf-8").replace("{program}", str(program))
        target.write_text(text, encoding="utf-8")
        put_text(f"{target}: read its first lines, which say how to put it to work")
    if kind == "systemd" and any(program.is_relative_to(hidden) for hidden in ("/home", "/root")):
        click.echo(f"warning: the unit does not see {program}: install the program in /opt/ml-connector", err=True)
