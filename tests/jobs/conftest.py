from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.stage import Company, make_company, model

MakeCompany = Callable[..., Company]


@pytest.fixture(scope="session")
def company_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace that companies are copied from."""
    return model(tmp_path_factory.mktemp("model") / "model")


@pytest.fixture
def make(tmp_path: Path, company_model: Path) -> Iterator[MakeCompany]:
    """Makes companies; their sandboxes are stopped at the end of the test."""
    with ExitStack() as stack:

        def one(name: str, entries: list[dict[str, Any]], **more: Any) -> Company:
            made = make_company(tmp_path / "companies" / name, company_model, entries, **more)
            stack.callback(made.sandbox.stop)
            return made

        yield one
