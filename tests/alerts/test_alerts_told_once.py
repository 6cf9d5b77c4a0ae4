"""Told once: by two processes at once, after a crash, and when the receiver was dead meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from engine.adapters.store.alert_book import AlertBook, Entry
from engine.adapters.store.database import open_database
from engine.domain.alert import Raised
from engine.words.clock import ManualClock, SystemClock, random_id
from tests.alerts.conftest import MakeDesk
from tests.alerts.desk import NOW, SIGNING, make_desk
from tests.alerts.receivers import Receiver, mail_server
from tests.commands.scene import CONSOLE, typed


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def books(url: str) -> Iterator[list[AlertBook]]:
    """Three processes' books on one database."""
    clock = SystemClock()
    databases = [open_database(url, clock, random_id) for _ in range(3)]
    yield [AlertBook(one, one.lease_time(clock)) for one in databases]
    for one in databases:
        one.close()


def test_of_many_at_once_each_message_is_claimed_by_one(books: list[AlertBook]) -> None:
    entries = [
        Entry(rule="refused", channel=f"c{number % 3}", raised=Raised(cause=f"m{number}", title="t", command="c"))
        for number in range(12)
    ]

    def work(book: AlertBook) -> list[str]:
        book.observe(entries, is_over=lambda _row: True, says_over=())
        claimed = []
        while (row := book.claim()) is not None:
            claimed.append(row.key)
            book.told(row)
        return claimed

    with ThreadPoolExecutor(6) as pool:
        keys = [key for claimed in pool.map(work, books * 2) for key in claimed]
    assert sorted(keys) == sorted(entry.key for entry in entries)
    assert all(row.told_at and not row.due for row in books[0].rows())


def test_two_commands_at_once_tell_it_once(desk_with: MakeDesk, receiver: Receiver) -> None:
    desk = desk_with("on: refused")
    desk.refused("10.00")
    words = [CONSOLE, "alerts", "check", "--format", "json", "-w", str(desk.workspace.folder)]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE) for _ in range(2)]
    told = [json.loads(one.communicate(timeout=60)[0]) for one in both]
    assert [one.returncode for one in both] == [1, 1]
    assert sorted(one["told"] for one in told) == [0, 1]
    assert len(receiver.posted) == 1
    assert typed("alerts", "list", "-w", desk.workspace.folder).exit_code == 1


def test_who_dies_while_telling_is_followed_by_another_with_the_same_id(
    desk_with: MakeDesk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_with("on: refused")
    desk.refused("10.00")
    with monkeypatch.context() as patched:
        patched.setattr(AlertBook, "told", lambda _book, _row: sys.exit("killed"))
        with pytest.raises(SystemExit, match="killed"):
            desk.check()
    assert desk.check().told == 0
    desk.pass_time(minutes=5)
    assert desk.check().told == 1
    first, second = (one.json["id"] for one in receiver.take())
    assert first == second


def test_mail_and_webhook_each_hear_a_cause_once_whatever_becomes_of_the_other(
    shared: Path, tmp_path: Path, receiver: Receiver
) -> None:
    with mail_server() as (box, port):
        desk = make_desk(
            shared,
            tmp_path / "desk",
            f"channels:\n  pager: {{kind: webhook, address: '{receiver.url}/x'}}\n"
            f"  desk: {{kind: email, host: 127.0.0.1, port: {port}, security: none, from: a@x.test,"
            " to: [b@x.test]}\n"
            "rules:\n  - {on: refused, tell: [pager, desk]}\n",
        )
        desk.refused("10.00")
        receiver.status = 500
        assert (desk.check().told, len(box.mails)) == (1, 1)
        receiver.take()
        receiver.status = 200
        desk.pass_time(minutes=1)
        assert (desk.check().told, desk.check().told) == (1, 0)
    assert (len(box.mails), len(receiver.posted)) == (1, 1)
    assert b"the target refused 1 document of bills" in box.mails[0].content


def test_a_reader_who_is_refused_does_not_make_the_others_hear_it_again(shared: Path, tmp_path: Path) -> None:
    with mail_server() as (box, port):
        desk = make_desk(
            shared,
            tmp_path / "desk",
            f"channels:\n  desk: {{kind: email, host: 127.0.0.1, port: {port}, security: none, from: a@x.test,"
            " to: [b@x.test, nobody@x.test]}\nrules:\n  - {on: refused, tell: [desk]}\n",
        )
        desk.refused("10.00")
        checked = desk.check()
        assert (checked.told, checked.failed) == (1, {"desk": "the mail server refused nobody@x.test"})
        desk.pass_time(hours=2)
        assert desk.check().told == 0
    assert len(box.mails) == 1


def test_a_dead_receiver_stops_nothing_and_hears_it_later(desk_with: MakeDesk, receiver: Receiver) -> None:
    desk = desk_with("on: refused\non: held, above: {USD: 1}")
    desk.refused("10.00")
    desk.held("5.00")
    receiver.status = 503
    checked = desk.check()
    assert (checked.standing, checked.told, checked.failed) == (2, 0, {"pager": "it answered 503"})
    assert len(receiver.take()) == 1, "a channel that failed is not tried again in the same check"
    shown = typed("status", "-w", desk.workspace.folder).output
    assert "alert not told: pager did not take it (1x, it answered 503): " in shown
    (untold,) = json.loads(typed("status", "--format", "json", "-w", desk.workspace.folder).stdout)["untold"]
    assert (untold["channel"], untold["tries"], untold["trouble"]) == ("pager", 1, "it answered 503")
    waits = []
    for _ in range(8):
        tried = 0
        while not receiver.posted:
            desk.pass_time(seconds=30)
            desk.check()
            tried += 1
        receiver.take()
        waits.append(tried / 2)
    receiver.status = 200
    desk.pass_time(hours=1)
    assert desk.check().told == 2
    assert {one.json["rule"] for one in receiver.take()} == {"refused", "held"}
    assert [row.trouble for row in desk.book()] == ["", ""]
    assert waits[0] < 1.1
    assert max(waits) <= 60


def test_a_secret_that_is_missing_is_a_failure_that_says_what_to_type(
    desk_with: MakeDesk, receiver: Receiver
) -> None:
    desk = desk_with("on: refused")
    desk.refused("10.00")
    assert (
        typed("credentials", "remove", "alerts.pager", "signing_secret", "-w", desk.workspace.folder).exit_code == 0
    )
    assert desk.check().failed == {
        "pager": "alerts.pager has no credential 'signing_secret': run `ml-connector credentials set alerts.pager "
        "signing_secret`"
    }
    result = typed("credentials", "set", "alerts.pager", "signing_secret", "-w", desk.workspace.folder, stdin=SIGNING)
    assert result.exit_code == 0, result.output
    listed = json.loads(typed("credentials", "list", "--format", "json", "-w", desk.workspace.folder).stdout)
    assert [one["field"] for one in listed if one["connection"] == "alerts.pager"] == ["signing_secret"]
    said = typed("alerts", "test", "pager", "-w", desk.workspace.folder)
    assert said.exit_code == 0, said.output
    assert said.output.startswith("pager took the message ")
    (posted,) = receiver.take()
    assert posted.json["title"] == "a test: alerts reach pager"
    assert SIGNING not in posted.body.decode()


def test_an_address_edited_in_the_file_does_not_get_the_secret(desk_with: MakeDesk, receiver: Receiver) -> None:
    desk = desk_with("on: refused")
    desk.refused("10.00")
    assert desk.workspace.alerts is not None
    pager = replace(desk.workspace.alerts.channels["pager"], address="http://127.0.0.1:9/elsewhere")
    desk.workspace = replace(desk.workspace, alerts=replace(desk.workspace.alerts, channels={"pager": pager}))
    assert "was set for" in desk.check().failed["pager"]
    assert receiver.take() == []


def test_a_channel_that_is_gone_is_forgotten(desk_with: MakeDesk, receiver: Receiver) -> None:
    desk = desk_with("on: refused")
    desk.refused("10.00")
    receiver.status = 500
    desk.check()
    assert desk.workspace.alerts is not None
    other = replace(desk.workspace.alerts.channels["pager"], name="other")
    rules = tuple(replace(rule, tell=("other",)) for rule in desk.workspace.alerts.rules)
    alerts = replace(desk.workspace.alerts, channels={"other": other}, rules=rules)
    desk.workspace = replace(desk.workspace, alerts=alerts)
    desk.check()
    assert {row.channel: (row.cleared_at is None, bool(row.due)) for row in desk.book()} == {
        "pager": (False, False),
        "other": (True, True),
    }
    assert isinstance(desk.clock, ManualClock)
    assert desk.clock.now() == NOW
