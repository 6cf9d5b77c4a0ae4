"""A person at the command line of a house: types commands, edits crosswalks, looks into Epicor."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from engine.adapters.store.port import RecordRow
from engine.faces.commands.root import root
from engine.faces.sandbox.sandbox import AIRBASE_TOKEN, EPICOR_API_KEY, EPICOR_PASSWORD
from tests.run.house import House

SECRETS = (AIRBASE_TOKEN, EPICOR_API_KEY, EPICOR_PASSWORD)
CODING = "mappings/crosswalks/gl-coding.csv"


@dataclass
class Desk:
    """`types` gives what a command printed, and fails when it ends otherwise than expected."""

    house: House

    def types(self, *words: str | Path, code: int = 0) -> str:
        return self.ends(*words, code=code).stdout

    def is_told(self, *words: str | Path, code: int = 2) -> str:
        """The message of a command that stops."""
        return self.ends(*words, code=code).stderr

    def asks(self, *words: str | Path, code: int = 0) -> Any:
        """The JSON a command prints."""
        return json.loads(self.types(*words, "--format", "json", code=code), parse_float=str)

    def asks_head(self) -> dict[str, Any]:
        """The signed head of the trail."""
        head: dict[str, Any] = json.loads(self.types("audit", "head"))
        return head

    def ends(self, *words: str | Path, code: int) -> Result:
        result = CliRunner().invoke(root, [*map(str, words), "-w", str(self.house.folder)])
        assert result.exit_code == code, result.output
        assert not any(secret in result.output for secret in SECRETS)
        return result

    def row(self, label: str) -> RecordRow:
        """The one record with this number."""
        (row,) = self.house.rows(keys=[label])
        return row

    def codes(self, rule: str, line: str) -> None:
        """Put a row in place of a rule of the GL coding."""
        path = self.house.folder / CODING
        old = path.read_text(encoding="utf-8").splitlines()
        assert any(one.startswith(f"{rule},") for one in old)
        new = [line if one.startswith(f"{rule},") else one for one in old]
        path.write_text("\n".join(new) + "\n", encoding="utf-8")
