"""Planted secrets are searched in everything that comes out: logs, audit, errors, tracebacks, JSON, files."""

from __future__ import annotations

import base64
import contextlib
import logging
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.faces.commands import describe_command
from engine.faces.commands.root import root
from engine.faces.sandbox.epicor import ApiKey, User
from engine.faces.sandbox.faults import Fault, FaultKind, Shape
from engine.wiring.app import open_vault
from engine.words.clock import SystemClock
from engine.words.errors import ProgramError
from engine.words.json_value import encode
from engine.words.secret import Secret
from tests.run.conftest import MakeHouse
from tests.run.house import House, bill, bills

TOKEN, NEXT = "planted-airbase-token-7d1c", "planted-next-token-88ab"
API_KEY, PASSWORD = "planted-epicor-key-19fe", "planted-epicor-password-c3d4"
BASIC = base64.b64encode(f"connector:{PASSWORD}".encode()).decode()
SECRETS = (TOKEN, NEXT, API_KEY, PASSWORD, BASIC)
SIGNATURE = "planted-signature-5a5a"
RECEIPT = f"https://files.example.com/receipt.pdf?X-Amz-Expires=900&X-Amz-Signature={SIGNATURE}"
RECEIPT_BILL = bill("REC-1", "10.00", receipt_link=RECEIPT)


@pytest.fixture
def house(make_house: MakeHouse, monkeypatch: pytest.MonkeyPatch) -> House:
    """A workspace whose every credential is planted; the sandbox repeats them in its errors."""
    monkeypatch.delenv("ML_CONNECTOR_DEBUG", raising=False)
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds: None)  # what is tried again is tried at once
    made = make_house(*bills(6), RECEIPT_BILL)
    vault = open_vault(made.workspace())
    vault.set("airbase", "api_key", Secret(TOKEN))
    vault.set("airbase", "api_key", Secret(NEXT), upcoming=True)
    vault.set("epicor", "api_key", Secret(API_KEY))
    vault.set("epicor", "password", Secret(PASSWORD))
    made.sandbox.airbase.tokens.rotate(TOKEN)
    door = made.sandbox.epicor.door
    door._keys = (ApiKey(key=API_KEY),)
    door._users = {"connector": User(name="connector", password=PASSWORD)}
    return made


def outputs(house: House, *commands: str) -> list[str]:
    """What commands print for people, with the traceback of an error, and for programs."""
    printed = []
    for command in commands:
        for form in ([], ["--format", "json"]):
            done = CliRunner(env={"ML_CONNECTOR_DEBUG": "1"}).invoke(
                root, [*command.split(), *form, "--workspace", str(house.folder)], input=PASSWORD
            )
            printed.append(f"{command} {form}: {done.output}{done.stderr}{done.exception!r}")
    return printed


def echoing(house: House) -> None:
    """Errors of the systems that repeat what they were sent, as some do."""
    own = {"epicor": f"{API_KEY} and {PASSWORD}, {BASIC}", "airbase": TOKEN}
    for system, path in (("epicor", "UpdateMaster"), ("epicor", "APInvoices"), ("airbase", "ledger_entries")):
        said = f"you sent {own[system]}; see {RECEIPT}"
        for fault in (
            Fault(kind=FaultKind.STATUS, system=system, path=path, status=400, message=said, times=1),
            Fault(kind=FaultKind.STATUS, system=system, path=path, status=401, message=said, times=1),
            Fault(kind=FaultKind.MALFORMED, system=system, path=path, shape=Shape.TRUNCATED, times=1),
        ):
            house.sandbox.faults.add(fault)


def assert_clean(where: str, text: str, secrets: tuple[str, ...] = SECRETS) -> None:
    for secret in secrets:
        assert secret not in text, f"{secret} stands in {where}: …{text[max(0, text.find(secret) - 200) :][:400]}"


def everything_kept(house: House) -> Iterator[tuple[str, Any]]:
    with house.setup() as setup:
        for seq, event, digest in setup.ledger.trail():
            yield f"event {seq} {digest}", event
        for row in setup.ledger.records(limit=1000):
            yield f"record {row.id}", row
            for attempt in setup.ledger.attempts(row.id):
                yield f"attempt of {row.label}", attempt


@pytest.mark.slow
def test_no_secret_comes_out_anywhere(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    printed = outputs(house, "credentials list", "run bills --limit 2")
    echoing(house)
    printed += outputs(house, "run bills", "ping", "show B-3")
    house.sandbox.airbase.tokens.rotate(NEXT)
    printed += outputs(house, "run bills")
    house.sandbox.airbase.tokens.rotate("somebody else's")
    printed += outputs(house, "run bills", "worklist")
    assert any("B-3" in text for text in printed)
    assert any("********" in text for text in printed), "what a system repeats of a secret is masked"
    assert any("the login was refused" in text for text in printed)
    for text in printed:
        assert_clean("the output of a command", text)
    for record in caplog.records:
        assert_clean(f"the log of {record.name}", f"{record.getMessage()} {record.exc_text} {record.args!r}")
    for where, kept in everything_kept(house):
        assert_clean(where, repr(kept))
    for path in house.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes().decode("latin-1")
            assert_clean(str(path), content)
            assert_clean(str(path), content, tuple(base64.b64encode(one.encode()).decode() for one in SECRETS))
    assert_clean("the sandbox's report", encode(house.sandbox.report()).decode())


SHOWING = (
    "run bills",
    "audit show REC-1",
    "audit show REC-1 --payloads",
    "show REC-1",
    "show REC-1 --payload --sent",
    "explain REC-1",
    "worklist",
    "plan bills --only REC-1",
)


def test_a_signed_receipt_link_is_sent_whole_and_shown_or_kept_nowhere(
    house: House, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    printed = outputs(house, "plan bills --entries", *SHOWING)
    assert house.states("bills")["REC-1"] == "entered"
    echoing(house)
    printed += outputs(house, "run bills", "plan bills --only REC-1", "worklist")
    assert any("https://files.example.com/receipt.pdf?********" in text for text in printed)
    for text in printed:
        assert_clean("the output of a command", text, (SIGNATURE,))
    for record in caplog.records:
        assert_clean("the log", f"{record.getMessage()} {record.args!r}", (SIGNATURE,))
    for where, kept in everything_kept(house):
        assert_clean(where, repr(kept), (SIGNATURE,))
    words = ["--period", "2026-11", "--out", str(tmp_path / "export"), "--payloads"]
    done = CliRunner().invoke(root, ["audit", "export", *words, "--workspace", str(house.folder)])
    assert done.exit_code == 0, done.output
    for file in (tmp_path / "export").iterdir():
        assert_clean(str(file), file.read_text(encoding="utf-8"), (SIGNATURE,))
    for file in (house.folder / ".ml-connector").rglob("*"):
        assert SIGNATURE.encode() not in b"".join(unpacked(file.read_bytes())), file
    (invoice,) = (one for one in house.invoices().values() if one["InvoiceNum"] == "REC-1")
    assert RECEIPT in invoice["InvoiceComment"], "Epicor gets the link whole"


def unpacked(content: bytes) -> Iterator[bytes]:
    """A file, and whatever in it unpacks: a payload that was only compressed would be found."""
    yield content
    start = -1
    while (start := content.find(b"\x78", start + 1)) >= 0:
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj().decompress(content[start : start + 20_000])


def test_a_link_that_is_signed_anew_at_every_read_is_no_change(house: House) -> None:
    house.run("bills")
    assert house.states("bills")["REC-1"] == "entered"
    for link, causes in ((RECEIPT.replace("5a5a", "9b9b"), []), ("https://elsewhere.example/r.pdf", ["changed"])):
        house.sandbox.airbase.books.change_entry(RECEIPT_BILL["id"], status="sync_ready", receipt_link=link)
        house.run("bills")
        (told,) = outputs(house, "worklist --format json")[:1]
        assert [cause for cause in ("changed",) if f'"cause":"{cause}"' in told] == causes, told


def test_what_is_kept_is_for_its_owner_only(house: House, tmp_path: Path) -> None:
    house.run("bills")
    state = house.folder / ".ml-connector"
    modes = {path.name: path.stat().st_mode & 0o077 for path in state.rglob("*")}
    assert {name: mode for name, mode in modes.items() if mode} == {}
    assert (state / "credentials-use.json") in set(state.iterdir())


def test_an_error_and_its_traceback_show_no_secret_and_send_nothing_to_the_terminal(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checked, _) = outputs(house, "credentials check")
    assert "epicor" in checked

    def fails(*_: object) -> None:
        raise ProgramError(f"{PASSWORD} \x1b]0;title\x07 \x9b31m")

    monkeypatch.setattr(describe_command, "named", fails)
    for form in ("table", "json"):
        words = ["describe", "bills", "--format", form, "--workspace", str(house.folder)]
        told = CliRunner(env={"ML_CONNECTOR_DEBUG": "1"}).invoke(root, words).stderr
        assert told.count("********") == 2, "once in the error, once in the traceback"
        assert_clean(form, told, (PASSWORD, "\x1b", "\x9b", "\x07"))
