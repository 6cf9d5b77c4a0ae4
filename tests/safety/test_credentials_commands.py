"""The commands around credentials: set, listed with age and end, checked, rotated; never a value."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.adapters.vault import vault as vault_module
from engine.faces.commands.root import root
from engine.faces.sandbox.sandbox import AIRBASE_TOKEN
from engine.wiring.app import open_vault, valid_workspace
from engine.wiring.credentials import credential_warnings
from tests.run.conftest import MakeHouse
from tests.run.house import House, bills

VALUE = "planted-value-0d9e"


@pytest.fixture
def house(make_house: MakeHouse, monkeypatch: pytest.MonkeyPatch) -> House:
    for name in ("KEY", "KEY_FILE", "PASSPHRASE", "NEW_KEY", "NEW_PASSPHRASE"):
        monkeypatch.delenv(f"ML_CONNECTOR_{name}", raising=False)
    return make_house(*bills(2), airbase="token_lifetime_days: 30")


def typed(house: House, *words: str, stdin: str = "") -> Result:
    done = CliRunner().invoke(root, ["credentials", *words, "--workspace", str(house.folder)], input=stdin)
    for secret in (VALUE, AIRBASE_TOKEN):
        assert secret not in done.output + done.stderr
    return done


def listed(house: House) -> dict[str, dict[str, Any]]:
    rows = json.loads(typed(house, "list", "--format", "json").stdout)
    return {f"{row['connection']} {row['field']}": row for row in rows}


def test_a_value_is_taken_from_standard_input_and_never_as_an_argument(house: House) -> None:
    assert typed(house, "set", "airbase", "api_key", VALUE).exit_code == 2
    done = typed(house, "set", "airbase", "api_key", "--next", "--expires", "2027-03-31", stdin=f"{VALUE}\r\n")
    assert done.exit_code == 0
    assert "set the next airbase api_key, fingerprint " in done.stdout
    vault = open_vault(valid_workspace(house.folder))
    assert vault.upcoming("airbase", "api_key").reveal() == VALUE  # type: ignore[union-attr]
    assert typed(house, "set", "airbase", "api_kee", stdin=VALUE).exit_code == 2
    assert typed(house, "set", "airbase", "api_key", stdin="\n").exit_code == 2
    assert typed(house, "remove", "airbase", "api_key", "--next").exit_code == 0
    assert typed(house, "remove", "airbase", "api_key", "--next").exit_code == 2


def test_the_list_tells_age_end_use_and_what_is_next(house: House) -> None:
    house.run("bills")
    row = listed(house)["airbase api_key"]
    assert row["age_days"] == 0
    assert row["expires"] == str((datetime.now(UTC) + timedelta(days=30)).date())
    assert row["token_id"] == "1"
    assert row["accepted_at"]
    assert row["refused_at"] is row["next_set_at"] is row["warning"] is None
    typed(house, "set", "airbase", "api_key", "--next", stdin=VALUE)
    assert listed(house)["airbase api_key"]["next_fingerprint"]
    table = typed(house, "list").stdout
    assert "30 d" not in table
    assert row["fingerprint"] in table


@pytest.mark.parametrize(
    ("days", "said"),
    [(15, ""), (16, "ends on "), (29, "in 1 day:"), (30, "in 0 days:"), (31, "ended on ")],
)
def test_the_end_of_a_key_is_warned_of_ahead(house: House, days: int, said: str) -> None:
    workspace = valid_workspace(house.folder)
    later = datetime.now(UTC) + timedelta(days=days)
    told = credential_warnings(workspace, open_vault(workspace), later)
    assert bool(told) == bool(said)
    assert said in "".join(told)
    assert not told or "credentials set airbase api_key --next" in told[0]
    typed(house, "set", "airbase", "api_key", "--next", stdin=VALUE)
    assert credential_warnings(workspace, open_vault(workspace), later) == ()


def test_what_is_missing_or_damaged_is_told_by_check(house: House) -> None:
    assert typed(house, "check").exit_code == 0
    typed(house, "remove", "epicor", "password")
    done = typed(house, "check")
    assert done.exit_code == 1
    assert "FAIL  epicor password: is not set" in done.stdout
    file = house.folder / vault_module.FOLDER / vault_module.FILE
    content = json.loads(file.read_text())
    content["entries"][0]["sealed"], content["entries"][1]["sealed"] = (
        content["entries"][1]["sealed"],
        content["entries"][0]["sealed"],
    )
    file.write_text(json.dumps(content))
    told = json.loads(typed(house, "check", "--format", "json").stdout)
    assert sum("was changed, or moved" in one["sentence"] for one in told["credentials"]) == 2


def test_both_rotations_go_on_with_the_same_ledger(house: House) -> None:
    house.run("bills")
    key = house.folder / vault_module.FOLDER / "key"
    before = key.read_bytes()
    assert typed(house, "rotate").exit_code == 2
    done = typed(house, "rotate", "--key", "--data")
    assert done.exit_code == 0, done.output
    assert "with a new data key" in done.stdout
    assert key.read_bytes() != before
    assert house.run("bills").sent == 0
    verified = CliRunner().invoke(root, ["audit", "verify", "--workspace", str(house.folder)])
    assert verified.exit_code == 0, verified.output
    key.write_bytes(before)
    wrong = typed(house, "list")
    assert wrong.exit_code == 2
    assert "is not the key of" in wrong.stderr


def test_ping_by_the_command_line(house: House, tmp_path: Path) -> None:
    done = CliRunner().invoke(root, ["ping", "--format", "json", "--workspace", str(house.folder)])
    assert done.exit_code == 0, done.output
    pings = json.loads(done.stdout)
    assert [(one["connection"], one["company"]) for one in pings] == [
        ("airbase", None),
        ("epicor", "EPIC06"),
        ("epicor", "EPIC07"),
    ]
    tried = {step["what"] for one in pings for step in one["steps"]}
    assert {"/v1/accounting/ledger_entries/", "Erp.BO.APInvoiceSvc/APInvoices", "login"} <= tried
    house.sandbox.airbase.tokens.expire()
    done = CliRunner().invoke(root, ["ping", "airbase", "--workspace", str(house.folder)])
    assert done.exit_code == 3
    assert "neither Token nor Bearer is accepted" in done.stdout
