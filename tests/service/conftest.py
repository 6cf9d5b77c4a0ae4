from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.service.scene import NAME, Service, make_workspace, served


@pytest.fixture(scope="session")
def first_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("service") / NAME
    make_workspace(folder)
    return folder


@pytest.fixture
def folder(first_workspace: Path, tmp_path: Path) -> Path:
    """A workspace of its own."""
    copied = tmp_path / NAME
    shutil.copytree(first_workspace, copied)
    return copied


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    with served(folder) as running:
        yield running


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """What a test configures of logging ends with it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
