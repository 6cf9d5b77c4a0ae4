"""Every fault is seen by a client, and the books show what was committed behind it."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from engine.faces.sandbox.exchange import SandboxRequest
from engine.faces.sandbox.faults import Fault, FaultKind, Faults, NotAFault, Shape, fault_from_json
from engine.faces.sandbox.seed import ODD
from tests.sandbox.airbase_world import ENTRIES, World

PATH = f"{ENTRIES}{ODD['quotes'].airbase_id}/"
DONE = {"status": "sync_complete"}


def _committed(world: World) -> bool:
    entry = world.system.books.entry(ODD["quotes"].airbase_id)
    assert entry is not None
    return bool(entry["status"] == "sync_complete")


def _add(world: World, kind: FaultKind, **more: Any) -> Fault:
    return world.faults.add(Fault(kind=kind, method="PATCH", times=1, **more))


@pytest.mark.parametrize(
    ("kind", "committed"),
    [(FaultKind.NO_ANSWER_AFTER_COMMIT, True), (FaultKind.NO_ANSWER_BEFORE_COMMIT, False)],
)
def test_an_answer_is_lost_after_or_before_the_commit(world: World, kind: FaultKind, committed: bool) -> None:
    _add(world, kind)

    with pytest.raises(httpx.RemoteProtocolError):
        world.client.patch(PATH, json=DONE)

    assert _committed(world) is committed
    assert world.client.patch(PATH, json=DONE).status_code == 200


def test_a_client_may_also_wait_in_vain(world: World) -> None:
    _add(world, FaultKind.NO_ANSWER_AFTER_COMMIT, seconds=5)

    with pytest.raises(httpx.ReadTimeout):
        world.client.patch(PATH, json=DONE, timeout=0.2)

    assert _committed(world)


def test_a_commit_may_come_after_the_connection_is_lost(world: World) -> None:
    _add(world, FaultKind.LATE_COMMIT, seconds=0.3)

    with pytest.raises(httpx.RemoteProtocolError):
        world.client.patch(PATH, json=DONE)

    assert not _committed(world)
    deadline = time.monotonic() + 5
    while not _committed(world) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert _committed(world)


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_status_is_answered_in_the_systems_own_words(world: World, status: int) -> None:
    _add(world, FaultKind.STATUS, status=status, retry_after_s=7, message="later")

    answer = world.client.patch(PATH, json=DONE)

    assert (answer.status_code, answer.json()) == (status, {"detail": "later"})
    assert answer.headers["retry-after"] == "7"
    assert not _committed(world)


def test_a_status_from_a_proxy_may_hide_a_commit(world: World) -> None:
    _add(world, FaultKind.STATUS, status=502, own_words=False, commits=True)

    answer = world.client.patch(PATH, json=DONE)

    assert answer.headers["content-type"].startswith("text/html")
    assert _committed(world)


def test_slow_answers_late_and_completely(world: World) -> None:
    _add(world, FaultKind.SLOW, seconds=0.2)
    began = time.monotonic()

    assert world.client.patch(PATH, json=DONE).status_code == 200
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("shape", [Shape.HTML, Shape.TRUNCATED])
def test_a_malformed_answer_is_no_json(world: World, shape: Shape) -> None:
    _add(world, FaultKind.MALFORMED, shape=shape)

    answer = world.client.patch(PATH, json=DONE)

    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert _committed(world)


def test_a_body_may_be_cut(world: World) -> None:
    _add(world, FaultKind.MALFORMED, shape=Shape.CUT)

    with pytest.raises(httpx.RemoteProtocolError):
        world.client.patch(PATH, json=DONE)
    assert _committed(world)


def test_an_expired_token_stays_expired(world: World) -> None:
    _add(world, FaultKind.TOKEN_EXPIRED)

    assert world.client.patch(PATH, json=DONE).status_code == 401
    assert world.client.get(PATH).status_code == 401
    world.system.tokens.rotate("the-token")
    assert world.client.get(PATH).status_code == 200


def test_a_restart_cuts_everyone_and_comes_back_on_the_same_port(world: World) -> None:
    world.client.get(PATH)
    _add(world, FaultKind.RESTART, seconds=0.3)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        world.client.patch(PATH, json=DONE)
    time.sleep(0.1)
    with pytest.raises(httpx.TransportError):
        world.client.get(PATH)
    deadline = time.monotonic() + 5
    status = 0
    while status != 200 and time.monotonic() < deadline:
        try:
            status = world.client.get(PATH).status_code
        except httpx.TransportError:
            time.sleep(0.05)
    assert status == 200
    assert not _committed(world)


def _request(path: str = "/a", method: str = "GET", body: bytes = b"") -> SandboxRequest:
    return SandboxRequest(method=method, path=path, body=body)


def _met(faults: Faults, count: int) -> list[bool]:
    return [faults.pick("airbase", _request()) is not None for _ in range(count)]


def test_a_fault_meets_one_in_every_so_many_and_then_no_more() -> None:
    faults = Faults()
    fault = faults.add(Fault(kind=FaultKind.SLOW, every=2, times=2))

    assert _met(faults, 6) == [False, True, False, True, False, False]
    assert faults.met(fault.id) == 2


def test_chance_is_the_same_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        faults = Faults()
        faults.add(Fault(kind=FaultKind.SLOW, probability=0.5, seed=seed))
        return _met(faults, 40)

    assert drawn(1) == drawn(1) != drawn(2)
    assert 5 < sum(drawn(1)) < 35


def test_a_fault_looks_at_system_method_path_and_body() -> None:
    fault = Fault(kind=FaultKind.SLOW, system="epicor", method="post", path="Svc/Update", body="INV-7")
    fits = _request("/x/Svc/UpdateMaster", "POST", b'{"n": "INV-7"}')

    assert fault.matches("epicor", fits)
    assert not fault.matches("airbase", fits)
    assert not fault.matches("epicor", _request("/x/Svc/UpdateMaster", "GET", b"INV-7"))
    assert not fault.matches("epicor", _request("/x/Svc/Get", "POST", b"INV-7"))
    assert not fault.matches("epicor", _request("/x/Svc/UpdateMaster", "POST", b"INV-8"))


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (b"[]", "object"),
        (b"{", "truncated"),
        (b"{}", "kind"),
        (b'{"kind": "explode"}', "explode"),
        (b'{"kind": "slow", "secs": 1}', "'secs'"),
        (b'{"kind": "slow", "seconds": "1"}', "seconds"),
        (b'{"kind": "slow", "every": 0}', "every"),
        (b'{"kind": "status", "status": 200}', "400"),
        (b'{"kind": "slow", "probability": 2}', "probability"),
        (b'{"kind": "slow", "seconds": 6000}', "600"),
    ],
)
def test_a_wrong_fault_is_refused_with_the_part_that_is_wrong(given: bytes, part: str) -> None:
    with pytest.raises(NotAFault, match=part):
        fault_from_json(given)
