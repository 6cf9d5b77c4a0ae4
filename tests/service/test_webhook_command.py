"""`webhook`: an address that is shown once, both secrets while one is changed, and the events that came."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.faces.commands.root import root
from engine.wiring.credential_warnings import credential_warnings
from engine.wiring.credentials import open_vault
from engine.wiring.workspace import load_workspace
from engine.words.clock import SystemClock
from tests.service.scene import NEXT, SECRET, event, served, set_webhooks
from tests.service.test_webhooks import until


def typed(folder: Path, *words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(root, [*words, "--workspace", str(folder)], input=stdin)


def test_an_address_is_made_shown_once_and_changed_without_a_gap(folder: Path) -> None:
    set_webhooks(folder, "")
    open_vault(load_workspace(folder)).remove("airbase", "webhook_secret")
    workspace = load_workspace(folder)
    (warning,) = credential_warnings(workspace, open_vault(workspace), None, SystemClock().now())
    assert (warning.connection, warning.field, warning.what) == ("airbase", "webhook_secret", "missing")
    made = typed(folder, "webhook", "path", "airbase")
    assert made.exit_code == 0, made.output
    first = made.stdout.strip()
    assert first.startswith("/webhooks/acme/airbase/")
    assert len(first.rpartition("/")[2]) == 43, "256 bits"
    second = json.loads(typed(folder, "webhook", "path", "airbase", "--next", "--format", "json").stdout)["path"]
    with served(folder) as service:
        assert [service.post(secret=None, path=path).status_code for path in (first, second)] == [202, 202]
    assert typed(folder, "webhook", "take-over", "airbase").exit_code == 0
    with served(folder) as service:
        assert [service.post(secret=None, path=path).status_code for path in (first, second)] == [404, 202]
    shown = [
        typed(folder, "webhook", *words).output for words in (["list"], ["list", "--format", "json"], ["events"])
    ]
    shown.append(typed(folder, "credentials", "list").output)
    for secret in (first.rpartition("/")[2], second.rpartition("/")[2]):
        assert not any(secret in text for text in shown)
    assert "/webhooks/acme/airbase/…" in shown[0]


def test_what_is_listened_to_and_what_came(folder: Path) -> None:
    assert typed(folder, "credentials", "set", "airbase", "webhook_secret", "--next", stdin=NEXT).exit_code == 0
    (row,) = json.loads(typed(folder, "webhook", "list", "--format", "json").stdout)
    assert row == {
        "connection": "airbase",
        "path": "/webhooks/acme/airbase",
        "proof": "signature",
        "secret_set": True,
        "next_set": True,
        "wakes": {"vendor_changed": [], "purchase_request_approved": ["bills"]},
    }
    with served(folder) as service:
        service.post(event(id="evt-1", api_key=SECRET))
        until(lambda: not service.heard.inbox.waiting())
    (told,) = json.loads(typed(folder, "webhook", "events", "--content", "--format", "json").stdout)
    assert (told["id"], told["connection"], told["kind"]) == ("evt-1", "airbase", "purchase_request_approved")
    assert told["content"]["api_key"] == "********"
    assert told["woken_at"] >= told["received_at"]
    assert "evt-1" in typed(folder, "webhook", "events", "--content").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("path", "airbase"), "airbase signs its events, so its address is no secret: /webhooks/acme/airbase"),
        (("path", "epicor"), "epicor is not listened to: write `webhooks: {}` under it in connections.yaml first"),
        (("path", "airbse"), "there is no connection 'airbse'; did you mean 'airbase'?"),
        (("take-over", "airbase"), "airbase has no next webhook_secret; nothing was changed"),
    ],
)
def test_what_cannot_be_done_is_said(folder: Path, words: tuple[str, ...], said: str) -> None:
    result = typed(folder, "webhook", *words)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("webhooks", "said"),
    [
        (
            "\n      wakes: {approved: [bils]}",
            "connections.yaml:8:26: E307 there is no mapping 'bils' (did you mean 'bills'?) at connections > airbase",
        ),
        ("\n      wakes: {approved: [vendors]}", "E307 the mapping 'vendors' does not read airbase"),
        ("\n      event_id: 'join(,'", "E201"),
        ("\n      signature: {prefix: x}", "E105 'header' is missing"),
        ("\n      signature: {header: X Sig}", "E107"),
        ("\n      signature: {header: X, signed: '{bdy}'}", "E702 '{bdy}' is no part of an event"),
        ("\n      signature: {header: X, signed: 'x'}", "E702 the body is not signed"),
        (
            "\n      signature: {header: X, timestamp_header: T, signed: '{body}'}",
            "E702 the timestamp_header is not signed, so anyone could change it",
        ),
        ("\n      signature: {header: X, id_header: T}", "E702 the id_header is not signed"),
        ("\n      signature: {header: X, signed: '{timestamp}{body}'}", "E702 {timestamp} is signed, and no header"),
        ("\n      keep_day: 3", "E104 unknown key 'keep_day' (did you mean 'keep_days'?)"),
    ],
)
def test_wrong_settings_are_told_with_their_place(folder: Path, webhooks: str, said: str) -> None:
    set_webhooks(folder, webhooks)
    told = "\n".join(str(problem) for problem in load_workspace(folder).errors)
    assert said in told
    assert told.count("\n") == 0
