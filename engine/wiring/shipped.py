"""The mappings and schemas that come with the program."""

from __future__ import annotations

from pathlib import Path

_ENGINE = Path(__file__).resolve().parent.parent


def shipped(name: str) -> Path:
    """The folder `mappings` or `schemas`: inside the wheel when installed, beside the package in a checkout."""
    installed = _ENGINE / "shipped" / name
    return installed if installed.is_dir() else _ENGINE.parent / name
