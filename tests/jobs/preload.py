"""What every forked worker has imported already."""

from __future__ import annotations

import dbos

import engine.faces.commands.serve_command
import engine.faces.commands.worker_command
import engine.faces.service.face
import engine.wiring.service
import tests.campaign.preload

__all__ = ["dbos", "engine", "tests"]
