"""One suite that every connector passes."""

from __future__ import annotations

import gzip
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest
from playback import Playback, Reply, page, playing, reply
from subjects import PLANTED, START, SUBJECTS, Subject, rows_of, vault

from engine.adapters.connectors.memory.connector import MemoryConnector
from engine.adapters.connectors.port import Answer, Lookup
from engine.domain.outcome import Proof
from engine.words.clock import ManualClock
from engine.words.errors import CredentialsError, InputError, Unreachable


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.kind)
def subject(request) -> Subject:
    return request.param


@pytest.fixture
def playback():
    with playing() as running:
        yield running


@pytest.fixture
def connect(subject, playback):
    made = []

    def make(**settings):
        connector = subject.connect(playback, **settings)
        made.append(connector)
        return connector

    yield make
    for connector in made:
        connector.close()
        connector.close()


def serving(subject: Subject, playback: Playback, count: int):
    rows = rows_of(subject.key_field, count)
    playback.respond = lambda asked: subject.serve(asked, rows)
    return rows


def read_all(subject, connector, endpoint=None):
    pages = list(connector.read(endpoint or subject.feed, company=subject.company))
    assert [seen.number for seen in pages] == list(range(1, len(pages) + 1))
    assert [seen.complete for seen in pages] == [False] * (len(pages) - 1) + [True]
    return [row for seen in pages for row in seen.rows]


class TestReading:
    @pytest.mark.parametrize("count", [1, 99, 100, 101, 250])
    def test_every_row_comes_once_and_paging_ends(self, subject, playback, connect, count):
        rows = serving(subject, playback, count)
        read = read_all(subject, connect())
        assert [row["n"] for row in read] == [row["n"] for row in rows]
        assert len(playback.asked) <= count // 100 + 2

    def test_an_empty_feed_is_a_complete_page_without_rows(self, subject, playback, connect):
        serving(subject, playback, 5)
        (only,) = connect().read(subject.empty_feed, company=subject.company)
        assert only.rows == ()
        assert only.complete

    def test_a_server_that_gives_the_same_page_for_ever_is_an_error(self, subject, playback, connect):
        rows = rows_of(subject.key_field, 100)
        first = subject.serve
        playback.respond = lambda asked: first(_first_page(asked), rows)
        with pytest.raises(Unreachable, match=r"same rows|came back|says there are"):
            read_all(subject, connect(page_size=100, **({"ask_count": False} if subject.kind == "epicor" else {})))

    def test_no_end_is_an_error(self, subject, playback, connect):
        serving(subject, playback, 250)
        with pytest.raises(Unreachable, match="pages_max"):
            read_all(subject, connect(pages_max=2))

    def test_html_instead_of_json_is_an_error_with_a_sentence(self, subject, playback, connect):
        playback.play(page("<html><title>Sign in</title><body>Log in please</body></html>"))
        with pytest.raises(Unreachable, match="web page instead of JSON") as caught:
            read_all(subject, connect())
        assert "Sign in" in str(caught.value)
        assert "<" not in str(caught.value)
        assert str(caught.value).startswith(f"my-{subject.kind}: GET ")

    def test_truncated_json_is_an_error(self, subject, playback, connect):
        playback.play(Reply(body=b'{"data": [{"id": "1"}, {"id'))
        with pytest.raises(Unreachable, match="breaks off"):
            read_all(subject, connect())

    def test_an_envelope_of_another_shape_is_an_error_and_not_an_empty_feed(self, subject, playback, connect):
        playback.play(reply({"something": "else"}))
        with pytest.raises(Unreachable, match="list"):
            read_all(subject, connect())

    @pytest.mark.parametrize(
        "trouble", [Reply(status=503, body=b""), Reply(status=500), Reply(cut=1), Reply(drop=True)]
    )
    def test_passing_trouble_is_retried_and_then_read_whole(self, subject, playback, connect, trouble):
        clock = ManualClock(START)
        rows = rows_of(subject.key_field, 3)
        left = [trouble, trouble]
        playback.respond = lambda asked: left.pop() if left else subject.serve(asked, rows)
        assert len(read_all(subject, connect(clock=clock))) == 3
        assert 1.5 <= clock.instant().seconds <= 3.0

    def test_retry_after_is_kept_to(self, subject, playback, connect):
        clock = ManualClock(START)
        rows = rows_of(subject.key_field, 1)
        left = [reply({"detail": "slow down"}, 429, Retry_After="17")]
        playback.respond = lambda asked: left.pop() if left else subject.serve(asked, rows)
        assert len(read_all(subject, connect(clock=clock))) == 1
        assert clock.instant().seconds == 17

    def test_attempts_are_bounded(self, subject, playback, connect):
        playback.play(Reply(status=502, body=b"<html><title>Bad Gateway</title></html>"))
        with pytest.raises(Unreachable, match="502: bad gateway"):
            read_all(subject, connect(attempts_max=3))
        assert len(playback.asked) == 3

    def test_a_lasting_refusal_is_not_retried(self, subject, playback, connect):
        playback.play(reply({"detail": "no such feed"}, 404))
        with pytest.raises(Unreachable, match="404: no such feed"):
            read_all(subject, connect())
        assert len(playback.asked) == 1

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_refused_login_is_about_credentials(self, subject, playback, connect, status):
        playback.play(reply({"detail": f"bad key {PLANTED}"}, status))
        with pytest.raises(CredentialsError) as caught:
            read_all(subject, connect())
        assert PLANTED not in str(caught.value)
        assert f"{status}" in str(caught.value)

    def test_a_redirect_is_refused(self, subject, playback, connect):
        playback.play(Reply(status=302, headers={"Location": "https://login.example.com/sso?session=1"}))
        with pytest.raises(Unreachable, match=r"redirects to https://login\.example\.com/sso;"):
            read_all(subject, connect())
        assert len(playback.asked) == 1

    def test_a_missing_credential_is_named(self, subject, playback, connect):
        with pytest.raises(CredentialsError, match="api_key is not set"):
            read_all(subject, connect(credentials=type(vault())()))
        assert playback.asked == []

    def test_nobody_listens(self, subject):
        with playing() as stopped:
            pass
        connector = subject.connect(stopped, attempts_max=1)
        with pytest.raises(Unreachable, match="no connection to http://127"):
            read_all(subject, connector)
        connector.close()


class TestFinding:
    def test_one_among_many(self, subject, playback, connect):
        serving(subject, playback, 230)
        match = ((subject.key_field, "K0123"),)
        found = connect().find(Lookup(set=subject.feed, matches=[match], fields=["n"], company=subject.company))
        assert [row["n"] for row in found[match]] == [123]

    def test_none_found_is_empty_and_never_missing(self, subject, playback, connect):
        serving(subject, playback, 3)
        matches = [((subject.key_field, "nobody"),), ((subject.key_field, "K0002"),)]
        found = connect().find(Lookup(set=subject.feed, matches=matches, company=subject.company))
        assert [len(found[match]) for match in matches] == [0, 1]

    def test_many_at_once_take_few_requests(self, subject, playback, connect):
        serving(subject, playback, 90)
        matches = [((subject.key_field, f" k{number:04d} "),) for number in range(1, 61)]
        settings = {"find_by": {}} if subject.kind == "rest" else {}
        found = connect(**settings).find(
            Lookup(set=subject.feed, matches=matches, fields=["n"], company=subject.company)
        )
        assert [found[match][0]["n"] for match in matches] == list(range(1, 61))
        assert len(playback.asked) <= 8
        assert max(len(asked.raw_query) for asked in playback.asked) < 2048

    def test_nothing_asked_asks_nothing(self, subject, playback, connect):
        assert connect().find(Lookup(set=subject.feed, matches=[], company=subject.company)) == {}
        assert playback.asked == []

    def test_a_field_the_rows_do_not_have_is_an_error(self, subject, playback, connect):
        playback.play(_rows_without_key(subject), _no_rows(subject))
        with pytest.raises(Unreachable, match=f"have no field {subject.key_field}"):
            connect().find(Lookup(set=subject.feed, matches=[((subject.key_field, "K1"),)], company=subject.company))

    def test_a_failed_look_up_is_never_none_found(self, subject, playback, connect):
        playback.play(reply({"detail": "gone"}, 404))
        with pytest.raises(Unreachable):
            connect().find(Lookup(set=subject.feed, matches=[((subject.key_field, "K1"),)], company=subject.company))


WRITES = [
    (reply({"ok": True}), Proof.EFFECT, False),
    (Reply(status=204, body=b""), Proof.EFFECT, False),
    (page("<html><title>Welcome</title></html>"), Proof.NONE, False),
    (Reply(body=b'{"half'), Proof.NONE, False),
    (reply({"detail": "who are you"}, 401), Proof.NO_EFFECT, True),
    (reply({"detail": "not yours"}, 403), Proof.NO_EFFECT, True),
    (reply({"detail": "slow down"}, 429, Retry_After="7"), Proof.NO_EFFECT, True),
    (page("<html>Bad Request</html>", 400), Proof.NONE, False),
    (page("<html><title>oops</title></html>", 404), Proof.NONE, False),
    (reply({"HttpStatus": 500, "ErrorMessage": "sorry"}, 500), Proof.NONE, False),
    (page("<html><title>Bad Gateway</title></html>", 502), Proof.NONE, False),
    (page("unavailable", 503), Proof.NONE, False),
    (Reply(status=302, headers={"Location": "/login"}), Proof.NONE, False),
    (Reply(cut=1), Proof.NONE, False),
    (Reply(drop=True), Proof.NONE, False),
    (Reply(delay_s=0.4), Proof.NONE, False),
    (Reply(headers={"Content-Encoding": "br"}), Proof.NONE, False),
    (Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(b'{"ok": 1}')[:-4]), Proof.NONE, False),
]


class TestWriting:
    @pytest.mark.parametrize(("answer", "proof", "passing"), WRITES)
    def test_what_an_answer_proves(self, subject, playback, connect, answer, proof, passing):
        playback.play(answer)
        patience = _tenths(2) if answer.delay_s else _tenths(100)
        given = connect(read_timeout_s=patience).call(subject.write)
        assert (given.proof, given.passing) == (proof, passing), given.message
        assert len(playback.asked) == 1, "a write is never repeated"
        assert given.ok == (proof is Proof.EFFECT)
        assert given.ok or given.message
        assert "<" not in given.message
        if given.status == 429:
            assert given.retry_after_s == 7

    @pytest.mark.parametrize("status", [400, 404])
    def test_its_own_error_body_proves_no_effect(self, subject, playback, connect, status):
        playback.play(Reply(status=status, body=subject.refusal))
        given = connect().call(subject.write)
        assert (given.proof, given.passing, given.status) == (Proof.NO_EFFECT, False, status)
        assert given.message
        assert "{" not in given.message

    def test_nobody_listens_proves_that_nothing_was_sent(self, subject):
        with playing() as stopped:
            pass
        connector = subject.connect(stopped)
        given = connector.call(subject.write)
        connector.close()
        assert given.proof is Proof.NOT_SENT
        assert "no connection" in given.message

    def test_a_write_goes_out_as_written(self, subject, playback, connect):
        playback.play(reply({"ok": True}))
        connect().call(subject.write)
        (asked,) = playback.asked
        assert asked.json() == subject.write.body
        assert asked.path.endswith(subject.write.path)

    def test_what_only_prepares_is_repeated(self, subject, playback, connect):
        playback.play(Reply(status=503, body=b""), reply({"ok": True}))
        assert connect().call(replace(subject.write, effect=False)).proof is Proof.EFFECT
        assert len(playback.asked) == 2

    def test_a_path_that_climbs_is_not_sent(self, subject, playback, connect):
        for step in ("..", "%2e%2e", ""):
            given = connect().call(replace(subject.write, path=f"x/{step}/y"))
            assert given.proof is Proof.NOT_SENT
        assert playback.asked == []

    def test_the_secret_is_never_shown(self, subject, playback, connect):
        playback.play(
            reply({"detail": f"echo {PLANTED} and {PLANTED}-pw", "access_token": "t0k"}, 400, X_Request_Id=PLANTED)
        )
        connector = connect()
        given = connector.call(replace(subject.write, body={"password": "hunter2", "text": f"see {PLANTED}"}))
        shown = repr((connector, given.message, given.response))
        for secret in (PLANTED, "hunter2", "t0k"):
            assert secret not in shown
        assert PLANTED in str(playback.asked[0].headers)

    def test_a_changed_credential_is_used_after_a_401(self, subject, playback, connect):
        kept = vault()
        connector = connect(credentials=kept)

        def respond(asked):
            if "new-key" in str(asked.headers):
                return reply({"ok": True})
            kept.fields["api_key"] = "new-key"
            return reply({"detail": "expired"}, 401)

        playback.respond = respond
        assert connector.call(subject.write).proof is Proof.EFFECT
        assert len(playback.asked) == 2


class TestLimits:
    def test_threads_share_a_connector_within_its_bound(self, subject, playback, connect):
        rows = serving(subject, playback, 150)
        connector = connect(in_flight=3)
        with ThreadPoolExecutor(12) as pool:
            counts = list(pool.map(lambda _: len(read_all(subject, connector)), range(24)))
        assert counts == [len(rows)] * 24
        assert playback.most_at_once <= 3

    def test_an_answer_that_is_too_large_is_lost(self, subject, playback, connect):
        bomb = gzip.compress(b'{"x": "' + b"0" * 3_000_000 + b'"}')
        assert len(bomb) < 20_000
        playback.play(Reply(headers={"Content-Encoding": "gzip"}, body=bomb))
        connector = connect(body_max_bytes=1_000_000, attempts_max=1)
        assert connector.call(subject.write).proof is Proof.NONE
        with pytest.raises(Unreachable, match="larger than 1000000 bytes"):
            read_all(subject, connector)

    def test_a_compressed_answer_is_read(self, subject, playback, connect):
        body = gzip.compress(json.dumps({"answer": "x" * 5000}).encode())
        playback.play(Reply(headers={"Content-Encoding": "gzip"}, body=body))
        assert connect().call(subject.write).body == {"answer": "x" * 5000}

    def test_cookies_are_not_kept(self, subject, playback, connect):
        playback.play(reply({"ok": True}, Set_Cookie="session=1; Path=/"))
        connector = connect()
        connector.call(subject.write)
        connector.call(subject.write)
        assert "cookie" not in playback.asked[1].headers

    def test_the_pace_is_kept(self, subject, playback, connect):
        clock = ManualClock(START)
        playback.play(reply({"ok": True}))
        connector = connect(clock=clock, requests_per_s=2)
        for _ in range(6):
            connector.call(subject.write)
        assert clock.instant().seconds == pytest.approx(2.0)

    def test_after_close_nothing_is_sent(self, subject, playback, connect):
        connector = connect()
        connector.close()
        assert connector.call(subject.write).proof is Proof.NOT_SENT

    def test_a_slot_that_stays_busy(self, subject, playback, connect):
        gate = threading.Event()
        playback.respond = lambda _asked: (gate.wait(5), reply({"ok": True}))[1]
        connector = connect(in_flight=1, slot_timeout_s=_tenths(2))
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(connector.call, subject.write)
            while not playback.asked:
                pass
            assert connector.call(subject.write).proof is Proof.NOT_SENT
            gate.set()
            assert first.result().proof is Proof.EFFECT

    def test_only_https_leaves_this_machine(self, subject, playback):
        for address in ("http://erp.example.com", "ftp://x", "https://user@x", "nonsense"):
            with pytest.raises(InputError):
                subject.connect(playback, base_url=address)
        with pytest.raises(InputError, match="https"):
            subject.connect(playback, http_on_loopback=False)


class TestPing:
    def test_it_works(self, subject, playback, connect):
        serving(subject, playback, 3)
        pinged = connect().ping(company=subject.company)
        assert pinged.ok
        assert f"my-{subject.kind}" in pinged.sentence

    def test_a_refused_login_comes_with_advice(self, subject, playback, connect):
        playback.play(reply({"detail": "no"}, 401))
        pinged = connect().ping(company=subject.company)
        assert not pinged.ok
        assert pinged.advice
        assert "401" in pinged.sentence

    def test_a_broken_system_comes_with_advice(self, subject, playback, connect):
        playback.play(page("<html>x</html>", 502))
        pinged = connect().ping(company=subject.company)
        assert not pinged.ok
        assert "base_url" in pinged.advice
        assert len(playback.asked) == 1


class TestMemory:
    """The connector in memory keeps the same promises, as far as it has a wire to break."""

    @pytest.mark.parametrize("count", [0, 1, 100, 101])
    def test_paging(self, count):
        connector = MemoryConnector({"/feed": rows_of("id", count)})
        pages = list(connector.read("/feed"))
        assert sum(len(seen.rows) for seen in pages) == count
        assert [seen.complete for seen in pages] == [False] * (len(pages) - 1) + [True]

    def test_finding(self):
        connector = MemoryConnector({("EPIC06", "Set"): rows_of("Key", 9)})
        matches = [(("Key", "k0003 "),), (("Key", "none"),)]
        found = connector.find(Lookup(set="Set", matches=matches, company="EPIC06"))
        assert [len(found[match]) for match in matches] == [1, 0]
        assert connector.find(Lookup(set="Set", matches=matches, company="EPIC07"))[matches[0]] == ()

    def test_calls_are_kept_and_answered_by_script(self):
        connector = MemoryConnector()
        write = SUBJECTS[0].write
        connector.script(Unreachable("down"), duplicate)
        with pytest.raises(Unreachable):
            connector.call(write)
        assert connector.call(write).proof is Proof.DUPLICATE
        assert connector.call(write).body == write.body
        assert connector.calls == [write] * 3


def duplicate(call):
    return Answer(proof=Proof.DUPLICATE, status=409, body=call.body)


def _first_page(asked):
    wanted = {name: value for name, value in asked.query.items() if name not in ("page", "$skip", "offset")}
    return replace(asked, raw_query="&".join(f"{name}={value}" for name, value in wanted.items()))


def _rows_without_key(subject):
    return _shaped(subject, [{"n": 1}])


def _no_rows(subject):
    return _shaped(subject, [])


def _shaped(subject, rows):
    shapes = {"airbase": {"data": rows}, "epicor": {"value": rows}, "rest": {"result": {"items": rows}}}
    return reply(shapes[subject.kind])


def _tenths(count):
    return Decimal(count) / 10
