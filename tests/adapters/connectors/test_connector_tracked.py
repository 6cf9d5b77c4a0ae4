"""A key that is rotated by hand: the next one takes over, a refused one is not sent again, and both are told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from playback import playing, reply
from subjects import PLANTED, START, SUBJECTS, Vault

from engine.adapters.connectors.registry import make_connector
from engine.adapters.connectors.tracked import AGAIN_S, Tracked
from engine.domain.outcome import Proof
from engine.wire.request import Response
from engine.words.clock import ManualClock
from engine.words.errors import CredentialsError
from engine.words.secret import Secret

AIRBASE = SUBJECTS[0]
NEXT = "the-next-key"


class Watch:
    """Keeps what it hears; the next key takes over in the vault, as the real watch does."""

    def __init__(self, vault: Vault, following: str | None = None) -> None:
        self.vault = vault
        self.following = following
        self.heard: list[tuple[str, str, str]] = []

    def upcoming(self, field: str) -> Secret | None:
        return Secret(self.following) if self.following else None

    def accepted(self, field: str, used: Secret, token_id: str) -> None:
        self.heard.append(("accepted", used.reveal(), token_id))
        if self.following is not None and used == Secret(self.following):
            self.vault.fields[field], self.following = self.following, None

    def refused(self, field: str, used: Secret) -> None:
        self.heard.append(("refused", used.reveal(), ""))


class Portal:
    """An Airbase that knows one key."""

    def __init__(self) -> None:
        self.good = PLANTED
        self.seen: list[str] = []
        self.answer = self.by_key

    def by_key(self, asked):
        key = asked.headers["authorization"].removeprefix("Token ")
        self.seen.append(key)
        if key != self.good:
            return reply({"detail": "Invalid token."}, 401)
        return reply({"data": []}, X_Airbase_Auth_Token_Id="7")


@pytest.fixture
def portal():
    return Portal()


@pytest.fixture
def connect(portal):
    made = []
    with playing(lambda asked: portal.answer(asked)) as playback:

        def make(following=None, clock=None):
            vault = Vault(api_key=PLANTED)
            watch = Watch(vault, following)
            given = {"environment": "test", "base_url": playback.url}
            made.append(make_connector("airbase", "airbase", given, vault, clock or ManualClock(START), watch=watch))
            return made[-1], watch

        yield make
        for connector in made:
            connector.close()


def test_the_next_key_takes_over_in_the_same_call(connect, portal):
    connector, watch = connect(NEXT)
    assert connector.call(AIRBASE.write).proof is Proof.EFFECT
    portal.good = NEXT
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: connector.call(AIRBASE.write), range(16)))
    assert {one.proof for one in answers} == {Proof.EFFECT}
    assert watch.vault.fields["api_key"] == NEXT
    assert watch.heard[0] == ("accepted", PLANTED, "7")
    assert ("accepted", NEXT, "7") in watch.heard
    assert portal.seen[-8:] == [NEXT] * 8


def test_a_refused_key_is_sent_once_and_the_rest_waits(connect, portal):
    connector, _ = connect()
    portal.good = "somebody else's"
    first = connector.call(AIRBASE.write)
    assert (first.proof, first.passing, first.status) == (Proof.NO_EFFECT, True, 401)
    assert "credentials set airbase" in first.message
    second = connector.call(AIRBASE.write)
    assert (second.proof, second.passing) == (Proof.NOT_SENT, True)
    assert "airbase is paused" in second.message
    with pytest.raises(CredentialsError, match="airbase is paused"):
        list(connector.read(AIRBASE.feed))
    assert portal.seen == [PLANTED]


def test_an_answer_read_after_the_refusal_does_not_undo_it():
    """Eight are in flight when the key ends: the 200 of an earlier one may be read after the 401 of a later one."""
    clock = ManualClock(START)
    watch = Watch(Vault(api_key=PLANTED))
    tracked = Tracked(watch.vault, watch, clock, connection="airbase", field="api_key", scheme="Token")
    used = {"Authorization": f"Token {PLANTED}"}
    for status in (401, 200, 401, 200):
        tracked.answered(used, Response(status=status))
    assert [what for what, *_ in watch.heard] == ["refused", "refused"]
    clock.sleep(AGAIN_S)
    tracked.answered(used, Response(status=200))
    assert [what for what, *_ in watch.heard][-1] == "accepted", "tried again after a while, and good again"


def test_a_key_that_is_set_meanwhile_is_used_at_once(connect, portal):
    connector, watch = connect()
    portal.good = "fresh"
    connector.call(AIRBASE.write)
    watch.vault.fields["api_key"] = "fresh"
    assert connector.call(AIRBASE.write).proof is Proof.EFFECT
    assert [kind for kind, *_ in watch.heard] == ["refused", "accepted"]


def test_after_a_while_a_refused_key_is_tried_again(connect, portal):
    clock = ManualClock(START)
    connector, _ = connect(clock=clock)
    portal.good = "down for maintenance"
    connector.call(AIRBASE.write)
    portal.good = PLANTED
    assert connector.call(AIRBASE.write).proof is Proof.NOT_SENT
    clock.sleep(300)
    assert connector.call(AIRBASE.write).proof is Proof.EFFECT


def test_neither_key_is_hammered_when_both_are_wrong(connect, portal):
    connector, watch = connect(NEXT)
    portal.good = "a third"
    for _ in range(5):
        assert connector.call(AIRBASE.write).passing
    assert portal.seen == [PLANTED, NEXT]
    assert watch.vault.fields["api_key"] == PLANTED


def test_an_answer_is_told_once_a_minute_and_a_new_token_id_at_once(connect, portal):
    clock = ManualClock(START)
    connector, watch = connect(clock=clock)
    for _ in range(20):
        connector.call(AIRBASE.write)
    assert len(watch.heard) == 1
    clock.sleep(60)
    connector.call(AIRBASE.write)
    assert len(watch.heard) == 2


def test_neither_key_is_shown(connect, portal):
    connector, _ = connect(NEXT)
    portal.good = NEXT
    answer = connector.call(AIRBASE.write)
    shown = repr((answer, connector, vars(connector)))
    assert PLANTED not in shown
    assert NEXT not in shown


def test_a_late_answer_to_an_earlier_call_does_not_revive_a_refused_key(connect, portal):
    connector, watch = connect()
    left, refused = threading.Event(), threading.Event()

    def slow_before_the_rotation(asked):
        if not left.is_set():
            left.set()
            assert refused.wait(10)
            return reply({"data": []})
        return portal.by_key(asked)

    portal.answer = slow_before_the_rotation
    with ThreadPoolExecutor(1) as pool:
        early = pool.submit(connector.call, AIRBASE.write)
        assert left.wait(10)
        portal.good = "somebody else's"
        connector.call(AIRBASE.write)
        refused.set()
        assert early.result().proof is Proof.EFFECT
    assert connector.call(AIRBASE.write).proof is Proof.NOT_SENT
    assert [kind for kind, *_ in watch.heard] == ["refused"]
