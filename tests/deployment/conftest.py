from __future__ import annotations

from tests.run.conftest import make_house

__all__ = ["make_house"]
