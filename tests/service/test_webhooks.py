"""Webhooks over real HTTP: the right answer to each, one run for a burst, nothing entered from what they say."""

from __future__ import annotations

import io
import socket
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.store.inbox import NewEvent
from engine.domain.signature_rule import SignatureRule
from engine.wiring.credentials import open_vault
from engine.wiring.logs import configure_logs
from engine.wiring.workspace import load_workspace
from engine.words.errors import LedgerError
from engine.words.json_value import encode
from engine.words.secret import Secret
from tests.service.scene import (
    NAME,
    NEXT,
    PATH_SECRET,
    READERS,
    RULE,
    SECRET,
    Lined,
    Service,
    event,
    make_workspace,
    served,
    set_webhooks,
    statuses,
)
from tests.service.sender import made_requests, send


def until(true: Any, seconds: float = 15) -> None:
    """Wait until something is true."""
    give_up_at = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up_at, "it did not come"
        time.sleep(0.02)


def test_an_event_wakes_its_mappings_and_enters_nothing(service: Service) -> None:
    answer = service.post()
    assert (answer.status_code, answer.json()) == (202, {"event": "accepted"})
    assert "server" not in answer.headers
    until(lambda: service.jobs.submitted)
    assert [(job.workspace, job.task, job.subject, job.why) for job in service.jobs.submitted] == [
        (NAME, "run", "bills", "webhook airbase")
    ]
    until(lambda: service.kept()[0].woken_at)
    assert service.ledger.records() == ()
    payload = service.ledger.payload(service.kept()[0].payload_hash)
    assert payload["event"]["type"] == "purchase_request_approved"


def test_which_kinds_wake_which_mappings(service: Service) -> None:
    service.post(event("vendor_changed"))
    service.post(event("a kind that nobody named"))
    until(lambda: all(one.woken_at for one in service.kept()))
    assert sorted(service.jobs.begin_all()) == READERS, "one that is not named wakes all that read the connection"


def test_forged_stale_and_unsigned_events_are_refused_without_a_word(service: Service) -> None:
    now = datetime.now(UTC)
    body = encode(event())
    good = {"content-type": "application/json", **_signed(body, now)}
    url = f"{service.url}/webhooks/{NAME}/airbase"
    refused = {
        "another secret": service.post(secret="somebody-else"),
        "unsigned": service.post(secret=None),
        "old": service.post(now=now - timedelta(seconds=301)),
        "from the future": service.post(now=now + timedelta(seconds=320)),
        "another body": service.client.post(url, content=body.replace(b"1000000", b"9000000"), headers=good),
        "a fresh time on an old signature": service.client.post(
            url,
            content=body,
            headers={**good, **_signed(body, now - timedelta(hours=1)), "X-Timestamp": good["X-Timestamp"]},
        ),
        "no time": service.client.post(
            url, content=body, headers={k: v for k, v in good.items() if k != "X-Timestamp"}
        ),
        "no digits": service.client.post(url, content=body, headers={**good, "X-Timestamp": "soon"}),
        "half a signature": service.client.post(
            url, content=body, headers={**good, "X-Signature": good["X-Signature"][:40]}
        ),
        "not hex": service.client.post(url, content=body, headers={**good, "X-Signature": "sha256=" + "zz" * 32}),
        "a huge header": service.client.post(url, content=body, headers={**good, "X-Signature": "sha256=" * 1000}),
    }
    assert {name: (one.status_code, one.content) for name, one in refused.items()} == dict.fromkeys(
        refused, (401, b"")
    )
    assert service.kept() == ()
    assert service.client.post(url, content=body, headers=good).status_code == 202


def _signed(body: bytes, now: datetime) -> dict[str, str]:
    from engine.wire.webhook import sign

    return sign(RULE, body, Secret(SECRET), now)


def test_two_secrets_are_active_while_one_is_changed(folder: Path) -> None:
    vault = open_vault(load_workspace(folder))
    with served(folder) as service:
        assert service.post(secret=NEXT).status_code == 401
    vault.set("airbase", "webhook_secret", Secret(NEXT), upcoming=True)
    with served(folder) as service:
        assert statuses([service.post(secret=SECRET), service.post(secret=NEXT)]) == [202, 202]
    assert vault.take_over("airbase", "webhook_secret", Secret(NEXT))
    with served(folder) as service:
        assert statuses([service.post(secret=SECRET), service.post(secret=NEXT)]) == [401, 202]


def test_a_replayed_event_is_known_and_wakes_nothing(service: Service) -> None:
    body, now = encode(event()), datetime.now(UTC)
    first = service.post(body, now=now)
    until(lambda: service.jobs.begin_all() == ["bills"])
    again = [service.post(body, now=now), service.post(body)]
    assert statuses([first, *again]) == [202, 200, 200]
    time.sleep(0.7)
    assert service.jobs.begin_all() == []
    assert len(service.kept()) == 1


def test_without_an_id_the_content_tells_a_replay_within_the_window(service: Service) -> None:
    nameless = {"type": "purchase_request_approved", "id": None}
    assert statuses([service.post(nameless), service.post(nameless)]) == [202, 200]
    assert service.post({**nameless, "data": {}}).status_code == 202
    until(lambda: all(one.woken_at for one in service.kept()))
    service.heard.inbox._clock = _Later(service.heard.inbox._clock, timedelta(seconds=301))  # type: ignore[attr-defined]
    assert service.post(nameless).status_code == 202, "the same content after the window is a new event"
    assert len(service.kept()) == 2


class _Later:
    def __init__(self, clock: Any, by: timedelta) -> None:
        self._clock, self._by = clock, by

    def now(self) -> datetime:
        return self._clock.now() + self._by  # type: ignore[no-any-return]


def test_what_is_too_large_is_given_up_while_it_comes(service: Service) -> None:
    assert service.post(b"x" * 131_073).status_code == 413
    sent = []

    def drops() -> Any:
        for _ in range(400):
            sent.append(1)
            yield b"x" * 4096

    url = f"{service.url}/webhooks/{NAME}/airbase"
    answer = service.client.post(
        url, content=drops(), headers={"content-type": "application/json", "X-Signature": ""}
    )
    assert answer.status_code == 413
    assert service.post(event(data={"text": "x" * 120_000})).status_code == 202


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/webhooks/acme/epicor", "POST", 404),
        ("/webhooks/acme/nobody", "POST", 404),
        ("/webhooks/other/airbase", "POST", 404),
        ("/webhooks/acme/airbase/", "POST", 404),
        ("/webhooks/acme/airbase/more", "POST", 404),
        ("/webhooks/acme", "POST", 404),
        ("/webhooks/", "POST", 404),
        ("/webhooks/acme/../acme/airbase", "POST", 202),
        ("/", "GET", 404),
        ("/docs", "GET", 404),
        ("/webhooks/acme/airbase", "GET", 405),
        ("/healthz", "POST", 405),
    ],
)
def test_paths_and_methods(service: Service, path: str, method: str, status: int) -> None:
    answer = service.post(path=path) if method == "POST" else service.client.get(service.url + path)
    assert answer.status_code == status
    if status != 202:
        assert answer.content == b""


def test_only_json_objects_are_events(service: Service) -> None:
    assert service.post(headers={"content-type": "text/plain"}).status_code == 415
    assert service.post(headers={"content-encoding": "gzip"}).status_code == 415
    assert service.post(headers={"content-type": "application/vnd.airbase+json; charset=utf-8"}).status_code == 202
    bombs = {
        "cut": b'{"id": "1"',
        "list": b"[]",
        "text": b'"x"',
        "empty": b"",
        "html": b"<html>",
        "deep lists": b'{"id": ' + b"[" * 60_000 + b"]" * 60_000 + b"}",
        "deep objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        "rather deep": b'{"a":' * 200 + b"1" + b"}" * 200,
        "huge number": b'{"id": "1", "n": 1e999999999}',
        "bad unicode": b'{"id": "\xff\xfe"}',
    }
    for name, body in bombs.items():
        assert service.post(body).status_code == 400, name
    odd = [
        {"id": "\x00\x1b[31m", "type": ["a"]},
        {"id": "x" * 5000, "type": "t" * 5000},
        {"id": 17, "n": 12345678901234567890123456789012345678901234567890},
        {"id": True},
        {"id": "😀" * 50, "type": "\u202e"},
    ]
    assert {service.post(one).status_code for one in odd} == {202}
    assert service.post(b'{"id": "\\ud800", "type": "x"}').status_code in (202, 400)
    assert service.client.get(f"{service.url}/healthz").status_code == 200


@pytest.mark.parametrize(
    ("rule", "yaml", "secret"),
    [
        (
            SignatureRule(header="X-Hub-Signature-256", prefix="sha256="),
            '{header: X-Hub-Signature-256, prefix: "sha256="}',
            SECRET,
        ),
        (
            SignatureRule(
                header="Stripe-Signature",
                prefix="v1=",
                timestamp_header="Stripe-Signature",
                timestamp_prefix="t=",
                signed="{timestamp}.{body}",
            ),
            '{header: Stripe-Signature, prefix: "v1=", timestamp_header: Stripe-Signature, timestamp_prefix: "t="}',
            SECRET,
        ),
        (
            SignatureRule(
                header="webhook-signature",
                prefix="v1,",
                encoding="base64",
                key="base64",
                timestamp_header="webhook-timestamp",
                id_header="webhook-id",
                signed="{id}.{timestamp}.{body}",
            ),
            """{header: webhook-signature, prefix: "v1,", encoding: base64, key: base64,
        timestamp_header: webhook-timestamp, id_header: webhook-id, signed: "{id}.{timestamp}.{body}"}""",
            "c2l4dGVlbi1ieXRlcy1sb25n",
        ),
        (
            SignatureRule(
                header="X-Sig",
                key="hex",
                timestamp_header="X-At",
                timestamp_form="iso",
                signed="v0:{timestamp}:{body}",
            ),
            """{header: X-Sig, key: hex, timestamp_header: X-At, timestamp_form: iso,
        signed: "v0:{timestamp}:{body}"}""",
            "00ff17abcdef",
        ),
    ],
    ids=["body alone", "one header for both", "standard webhooks", "iso time"],
)
def test_ways_to_sign_that_are_in_use(folder: Path, rule: SignatureRule, yaml: str, secret: str) -> None:
    set_webhooks(folder, f"\n      signature: {yaml}")
    open_vault(load_workspace(folder)).set("airbase", "webhook_secret", Secret(secret))
    from engine.wire.webhook import sign

    with served(folder, wakes=False) as service:
        body, now = encode(event()), datetime.now(UTC)
        headers = {"content-type": "application/json", **sign(rule, body, Secret(secret), now, "msg_1")}
        url = f"{service.url}/webhooks/{NAME}/airbase"

        def post(**changed: str) -> int:
            return service.client.post(url, content=body, headers={**headers, **changed}).status_code

        other = sign(rule, body, Secret("ab" * 8), now, "msg_1")[rule.header]
        assert post(**{rule.header: other}) == 401
        assert post() == 202
        assert post(**{rule.header: f"{other} {headers[rule.header]}"}) == 200, "one of several signatures is enough"
        if rule.id_header:
            assert service.kept()[0].event_id == "msg_1"
            assert post(**{rule.id_header: "msg_2"}) == 401, "the id is signed"
        if rule.timestamp_header:
            stale = sign(rule, body, Secret(secret), now - timedelta(minutes=6), "msg_1")
            assert service.client.post(url, content=body, headers={**headers, **stale}).status_code == 401


def test_an_address_that_nobody_can_guess_stands_for_a_signature(folder: Path) -> None:
    set_webhooks(folder, "")
    vault = open_vault(load_workspace(folder))
    vault.set("airbase", "webhook_secret", Secret(PATH_SECRET))
    vault.set("airbase", "webhook_secret", Secret(PATH_SECRET[::-1]), upcoming=True)
    with served(folder) as service:
        base = f"/webhooks/{NAME}/airbase"

        def post(path: str) -> int:
            return service.post(secret=None, path=path).status_code

        assert post(f"{base}/{PATH_SECRET}") == 202
        assert post(f"{base}/{PATH_SECRET[::-1]}") == 202
        for wrong in ("", f"/{PATH_SECRET[:-1]}", f"/{PATH_SECRET}x", f"/{PATH_SECRET.lower()}", "/é", "//"):
            assert post(base + wrong) == 404, wrong
        until(lambda: sorted(service.jobs.begin_all()) == READERS)


def test_a_burst_of_a_thousand_is_one_run(service: Service) -> None:
    url = f"{service.url}/webhooks/{NAME}/airbase"
    began = time.monotonic()
    assert send(service.url, made_requests(url, 1000)) == {202: 1000}
    took = time.monotonic() - began
    until(lambda: all(one.woken_at for one in service.kept()))
    assert len({one.event_id for one in service.kept()}) == 1000
    # The queue of this test keeps what it was asked for waiting: a burst that is not waited for is still one run.
    assert [job.subject for job in service.jobs.submitted] == ["bills"]
    assert took < 20, f"{took:.1f} s for a thousand events"


def test_what_comes_together_is_kept_together(folder: Path) -> None:
    with served(folder, wakes=False) as service:
        writer = service.ledger.database._writer
        before = writer.commits
        assert send(service.url, made_requests(f"{service.url}/webhooks/{NAME}/airbase", 300)) == {202: 300}
        assert len(service.kept()) == 300
        assert writer.commits - before < 150, "events that came during a write share the next one"


def test_an_answer_is_not_kept_back_until_the_sender_acknowledges_its_head(service: Service) -> None:
    assert service.post().status_code == 202
    connections = service.listener._server.server_state.connections
    sockets = [one.transport.get_extra_info("socket") for one in connections]
    assert [bool(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)) for one in sockets] == [True]


def test_the_same_event_many_times_at_once_is_new_once(service: Service) -> None:
    (one,) = made_requests(f"{service.url}/webhooks/{NAME}/airbase", 1)
    assert send(service.url, [one] * 100) == {202: 1, 200: 99}
    assert len(service.kept()) == 1
    new = NewEvent(connection="airbase", event_id="one", kind="t", payload={})
    nameless = replace(new, event_id="body", again_after=timedelta(seconds=300))
    assert service.heard.inbox.keep([new, nameless, new, nameless]) == (True, True, False, False), "in one write too"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_id_that_cannot_be_kept_as_it_is_is_known_again(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    make_workspace(tmp_path / NAME, ledger=request.getfixturevalue("postgres_url") if kind == "postgres" else "")
    with served(tmp_path / NAME) as service:
        odd = {"id": "\x00\x1b[31m", "type": "t"}
        assert statuses([service.post(odd), service.post(odd)]) == [202, 200]


def test_what_came_while_a_run_had_begun_asks_for_another(service: Service) -> None:
    service.post()
    until(lambda: service.jobs.begin_all() == ["bills"])
    service.post()
    until(lambda: service.jobs.begin_all() == ["bills"])
    assert len(service.jobs.submitted) == 2


def test_events_wait_while_the_queue_takes_nothing_or_fails(folder: Path) -> None:
    jobs = Lined(takes=False)
    with served(folder, jobs) as service:
        service.post()
        time.sleep(1)
        assert [one.woken_at for one in service.kept()] == [None]
        jobs.failing = LedgerError("the jobs' database is away")
        service.post()
        time.sleep(1)
        assert service.waker.is_alive
        assert len(service.heard.inbox.waiting()) == 2
        jobs.failing, jobs.takes = None, True
        service.waker.wake()
        until(lambda: not service.heard.inbox.waiting())


def test_a_sender_that_goes_away_in_the_middle_is_one_line_of_the_log(service: Service) -> None:
    out = io.StringIO()
    configure_logs("json", "info", out)
    host, _, port = service.url.removeprefix("http://").partition(":")
    head = f"POST /webhooks/{NAME}/airbase HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    with socket.create_connection((host, int(port))) as sender:
        sender.sendall(f"{head}content-length: 100\r\n\r\n{{".encode())
        time.sleep(0.2)
    until(lambda: "webhook refused" in out.getvalue())
    assert "exception" not in out.getvalue()
    assert "Traceback" not in out.getvalue()


def test_a_ledger_that_is_away_is_told_so_that_the_source_sends_again(folder: Path) -> None:
    with served(folder, wakes=False) as service:
        service.ledger.close()
        answer = service.post()
        assert (answer.status_code, answer.headers["retry-after"], answer.content) == (503, "5", b"")
        url = f"{service.url}/webhooks/{NAME}/airbase"
        assert send(service.url, made_requests(url, 100)) == {503: 100}, "each of those that came together"


def test_events_are_forgotten_when_they_are_old(service: Service) -> None:
    service.post()
    until(lambda: service.kept()[0].woken_at)
    (old,) = service.kept()
    assert service.heard.inbox.prune("airbase", datetime.now(UTC) - timedelta(days=1)) == 0
    same = replace(RULE)
    service.waker.stop()
    service.post({**event(), "note": "still waits"}, rule=same)
    assert service.heard.inbox.prune("airbase", datetime.now(UTC) + timedelta(seconds=1)) == 1
    assert [one.woken_at for one in service.kept()] == [None], "one that waits is kept"
    assert service.ledger.payload(old.payload_hash) is None
    assert service.ledger.verify_trail() == ()
