"""What every forked process of the connector has imported already."""

from __future__ import annotations

from pathlib import Path

import httpx
import sqlalchemy.dialects.sqlite

import engine.faces.commands.root
import engine.faces.commands.run_command
from engine.language.spec.load import load_mappings

_MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"
# Loading once warms what the libraries keep for themselves, such as compiled patterns.
load_mappings(_MAPPINGS, shown_from=_MAPPINGS.parent)

__all__ = ["engine", "httpx", "sqlalchemy"]
