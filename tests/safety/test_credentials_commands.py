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
from engine.wiring.app import open_records, open_vault, valid_workspace
from engine.wiring.credential_warnings import CredentialWarning, credential_warnings
from engine.words.errors import CredentialsError
from engine.words.secret import Secret
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


def house_says(house: House, command: str, *words: str) -> Result:
    return CliRunner().invoke(root, [*command.split(), *words, "--workspace", str(house.folder)])


def warned(house: House, now: datetime | None = None) -> tuple[CredentialWarning, ...]:
    workspace = valid_workspace(house.folder)
    with open_records(workspace) as ledger:
        return credential_warnings(workspace, open_vault(workspace), ledger, now or datetime.now(UTC))


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


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (f"{VALUE}\nsecond line\n".encode(), "several lines"),
        (f"\ufeff{VALUE}\r\n".encode(), "byte-order mark"),
        (f"{VALUE}\x1b[A\n".encode(), "control character"),
        (f"{VALUE}é\n".encode("latin-1"), "not UTF-8 text"),
        (f"{VALUE}\n".encode("utf-16"), "not UTF-8 text"),
        (b"\r\n", "nothing was given"),
    ],
)
def test_what_no_request_could_carry_is_refused_when_it_is_given(house: House, given: bytes, told: str) -> None:
    before = listed(house)["airbase api_key"]
    words = ["credentials", "set", "airbase", "api_key", "--workspace", str(house.folder)]
    done = CliRunner().invoke(root, words, input=given)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr
    assert "nothing was changed" in done.stderr
    assert VALUE not in done.stderr
    assert listed(house)["airbase api_key"] == before


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
    [(15, ""), (16, "ends on "), (29, "in 1 day."), (30, "ends today, "), (31, "ended on ")],
)
def test_the_end_of_a_key_is_warned_of_ahead(house: House, days: int, said: str) -> None:
    later = datetime.now(UTC) + timedelta(days=days)
    told = warned(house, later)
    assert bool(told) == bool(said)
    for one in told:
        assert said in one.sentence
        assert one.sentence.endswith("run `ml-connector credentials set airbase api_key --next`")
        assert (one.what, one.days_left) == ("ended" if days > 30 else "ending", 30 - days)
        assert one.is_urgent == (days > 30)
    typed(house, "set", "airbase", "api_key", "--next", stdin=VALUE)
    assert warned(house, later) == ()


def test_status_run_and_ping_tell_what_credentials_need(house: House) -> None:
    assert house_says(house, "status").exit_code == 0
    typed(
        house,
        "set",
        "airbase",
        "api_key",
        "--expires",
        str((datetime.now(UTC) + timedelta(days=5)).date()),
        stdin=AIRBASE_TOKEN,
    )
    sentence = "in 5 days. Make the next one in its portal and store it before: run `ml-connector credentials set "
    for command in ("run bills", "status", "ping", "credentials list"):
        done = house_says(house, command)
        assert f"{sentence}airbase api_key --next`" in done.stdout, command
        assert done.exit_code == 0, f"{command}: nothing has to be done today"
    typed(house, "remove", "epicor", "password")
    done = house_says(house, "status", "--format", "json")
    assert done.exit_code == 1
    ending, missing = json.loads(done.stdout)["credentials"]
    assert (ending["what"], ending["days_left"]) == ("ending", 5)
    assert missing["next"] == "ml-connector credentials set epicor password"
    assert missing["sentence"].startswith("epicor password is not set")


def test_a_credentials_file_that_was_put_back_is_noticed(house: House) -> None:
    file = house.folder / vault_module.FOLDER / vault_module.FILE
    typed(house, "set", "airbase", "api_key", stdin="the-one-of-last-year")
    typed(house, "remove", "epicor", "password")
    older = file.read_bytes()
    typed(house, "set", "airbase", "api_key", stdin=AIRBASE_TOKEN)
    typed(house, "set", "epicor", "password", stdin=VALUE)
    newer = file.read_bytes()
    assert warned(house) == ()
    file.write_bytes(older)
    airbase, epicor = warned(house)
    assert airbase.what == epicor.what == "put_back"
    assert "the credentials file was put back to an older state" in airbase.sentence
    assert "epicor password is not set, and by the audit trail it was last changed on" in epicor.sentence
    assert house_says(house, "status").exit_code == 1
    assert "put back to an older state" in house_says(house, "status").stdout
    file.write_bytes(newer)
    assert warned(house) == ()
    file.write_bytes(older)
    typed(house, "set", "airbase", "api_key", stdin=AIRBASE_TOKEN)
    assert [one.connection for one in warned(house)] == ["epicor"], "setting it again ends it"
    with house.setup() as setup:
        kinds = [event.kind for _, event, _ in setup.ledger.trail(record="credential airbase api_key")]
    assert kinds == ["credential set"] * 3


def test_a_ledger_that_is_away_does_not_stop_a_change_of_credentials(house: House) -> None:
    house.edit("connections.yaml", "connections:", "ledger: postgresql://nobody@127.0.0.1:1/none\nconnections:")
    done = typed(house, "set", "airbase", "api_key", stdin=VALUE)
    assert done.exit_code == 0, done.output
    assert "this is done, and could not be noted in the audit trail" in done.stderr
    assert open_vault(valid_workspace(house.folder)).get("airbase", "api_key") == Secret(VALUE)
    listing = typed(house, "list")
    assert listing.exit_code == 0
    assert "put back to an older state is not known" in listing.stderr


def test_a_credential_set_for_another_address_is_told_before_a_run(house: House) -> None:
    url = house.sandbox.urls["airbase"]
    house.edit("connections.yaml", url, "https://api.airbase.example")
    (one,) = warned(house)
    assert (one.connection, one.what) == ("airbase", "other_address")


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


def test_no_edit_of_connections_yaml_sends_a_credential_elsewhere(house: House) -> None:
    """The login server's address gets user and client secret too, so they are bound to it as to base_url."""
    own = house.sandbox.urls["epicor_token"]
    house.edit("connections.yaml", "login: basic", f'login: client_credentials\n    token_url: "{own}"')
    for field in ("api_key", "client_id", "client_secret"):
        typed(house, "set", "epicor", field, stdin=VALUE)
    vault = open_vault(valid_workspace(house.folder))
    assert vault.get("epicor", "client_secret") == Secret(VALUE)
    house.edit("connections.yaml", own, "https://login.evil.example/connect/token")
    with pytest.raises(CredentialsError, match=r"and the connection is now .* and https://login\.evil\.example"):
        open_vault(valid_workspace(house.folder)).get("epicor", "client_secret")
    assert {one.what for one in warned(house)} == {"other_address"}


def test_ping_works_before_finance_has_answered_everything(house: House) -> None:
    text = (house.folder / "books.yaml").read_text(encoding="utf-8")
    house.write("books.yaml", "\n".join(line for line in text.splitlines() if "time_zone" not in line))
    assert house_says(house, "validate").exit_code == 2
    done = house_says(house, "ping")
    assert done.exit_code == 0, done.output
    assert "company EPIC06 is" in done.stdout
    assert "run `ml-connector validate`" in done.stderr
    house.edit("connections.yaml", "kind: airbase", "kind: airbass")
    broken = house_says(house, "ping")
    assert broken.exit_code == 2
    assert "connections.yaml" in broken.stderr
    assert "books.yaml" not in broken.stderr
