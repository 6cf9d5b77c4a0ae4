"""The files that `deploy` writes: as much of them as can be checked without their engines."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from engine.faces.commands.root import COMMANDS, root
from tests.commands.scene import said_once, typed
from tests.test_readme import TEXT

ROOT = Path(__file__).parent.parent.parent


def written(kind: str, folder: Path) -> dict[str, str]:
    result = typed("deploy", kind, "--out", folder)
    assert result.exit_code == 0, result.output
    return {path.name: path.read_text() for path in folder.iterdir()}


def check_command(words: list[str]) -> None:
    """The command is there and takes these options."""
    assert words[0] in COMMANDS
    command = root.get_command(click.Context(root), words[0])
    assert command is not None
    known = {option for one in command.params for option in one.opts}
    assert {word for word in words if word.startswith("-")} <= known


def service_lines(text: str) -> dict[str, list[str]]:
    lines: dict[str, list[str]] = {}
    for line in text.splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            lines.setdefault(key, []).append(value)
    return lines


def test_the_systemd_unit(tmp_path: Path) -> None:
    unit = tmp_path / "ml-connector.service"
    lines = service_lines(written("systemd", tmp_path)[unit.name])
    program, *words = lines["ExecStart"][0].split()
    assert Path(program).is_absolute()
    assert Path(program).is_file()
    check_command(words)
    assert lines["User"] == ["ml-connector"]
    assert lines["ProtectSystem"] == ["strict"]
    assert lines["NoNewPrivileges"] == ["yes"]
    assert lines["CapabilityBoundingSet"] == [""]
    assert int(lines["TimeoutStopSec"][0]) > 300
    if shutil.which("systemd-analyze"):
        done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
        assert "Unknown" not in done.stderr, done.stderr


def test_the_container_installs_as_the_readme_says_and_runs_without_rights(tmp_path: Path) -> None:
    text = written("container", tmp_path)["Containerfile"]
    (install,) = re.findall(r"^RUN (python3 -m venv .*)$", text, re.MULTILINE)
    (demo,) = re.findall(r"^(python3 -m venv .*) && \.venv/bin/ml-connector demo$", TEXT, re.MULTILINE)
    assert install == demo
    assert "--require-hashes" in install
    user, entry, command = (
        re.findall(rf"^{word} (.*)$", text, re.MULTILINE)[-1] for word in ("USER", "ENTRYPOINT", "CMD")
    )
    assert user.partition(":")[0] not in ("0", "root")
    assert json.loads(entry) == ["ml-connector"]
    assert "0.0.0.0:8787" in json.loads(command)
    copied = re.findall(r"^COPY (?!--)(.*) \S+$", text, re.MULTILINE)
    for name in " ".join(copied).split():
        assert (ROOT / name).exists(), "each is in a checkout, and a secret in it is not copied along"
    check_command(json.loads(command))


def test_the_compose_file(tmp_path: Path) -> None:
    files = written("compose", tmp_path)
    assert set(files) == {"compose.yaml", "Containerfile"}
    loaded: dict[str, Any] = yaml.safe_load(files["compose.yaml"])
    services = loaded["services"]
    assert set(services) == {"db", "serve", "worker"}
    for name in ("serve", "worker"):
        service = services[name]
        check_command(service["command"])
        assert service["command"][0] == name
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["environment"]["ML_CONNECTOR_JOBS"].startswith("postgresql://")
        assert service["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert services["worker"]["deploy"]["replicas"] >= 2
    assert "ports" not in services["db"]
    assert "ports" not in services["worker"]
    # Heard from outside the container, but from this machine alone; the image is built by the container file's steps.
    assert "0.0.0.0:8787" in services["serve"]["command"]
    assert services["serve"]["ports"] == ["127.0.0.1:8787:8787"]
    assert "/healthz" in services["serve"]["healthcheck"]["test"][-1]
    assert not any("build" in service for service in services.values())
    assert set(loaded["volumes"]) == {"db"}
    secrets = re.findall(r"(?:PASSWORD|KEY): (.*)", files["compose.yaml"])
    assert secrets
    assert all(secret.startswith("${") for secret in secrets)


@pytest.mark.parametrize("kind", ["systemd", "container", "compose"])
def test_it_writes_over_nothing(tmp_path: Path, kind: str) -> None:
    before = written(kind, tmp_path)
    assert "is there already" in said_once(typed("deploy", kind, "--out", tmp_path), 2)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before
