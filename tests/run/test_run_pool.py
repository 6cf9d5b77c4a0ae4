"""The threads that send: a group one after another, all else at once, and an end that leaves nothing unchecked."""

from __future__ import annotations

import threading
import time

import pytest

from engine.run.pool import SendPool

Work = tuple[str, int]


class Target:
    """Takes what is sent, and notes what is under way at the same time."""

    def __init__(self, *, broken: int = -1) -> None:
        self.broken = broken
        self.sent: list[Work] = []
        self.checked: list[list[Work]] = []
        self.stopped: list[str] = []
        self.most = 0
        self.clashes = 0
        self._under_way: list[str] = []
        self._lock = threading.Lock()

    def send(self, work: Work) -> Work | None:
        with self._lock:
            self.clashes += work[0] in self._under_way
            self._under_way.append(work[0])
            self.most = max(self.most, len(self._under_way))
        time.sleep(0.002)
        with self._lock:
            self._under_way.remove(work[0])
            if work[1] == self.broken:
                raise ValueError("broken")
            self.sent.append(work)
        return work

    def pool(self, *, threads: int = 8, together: int = 5) -> SendPool[Work, Work]:
        return SendPool(
            threads=threads,
            together=lambda: together,
            send=self.send,
            check=lambda sent: self.checked.append(list(sent)),
            stop=self.stopped.append,
        )


def test_each_group_is_sent_in_order_and_the_threads_are_kept_full() -> None:
    target = Target()
    works = [(f"group {number % 12}", number) for number in range(300)]
    with target.pool() as pool:
        for work in works:
            pool.offer(work[0], work)
    assert target.clashes == 0
    assert target.most == 8
    for name in {name for name, _ in works}:
        assert [one for one in target.sent if one[0] == name] == [one for one in works if one[0] == name]
    assert sorted(one for part in target.checked for one in part) == sorted(works)
    assert max(len(part) for part in target.checked) <= 5


def test_the_group_with_the_most_waiting_goes_first() -> None:
    target = Target()
    pool = target.pool(threads=1)
    for number, name in enumerate("abbbbbcc"):
        pool.offer(name, (name, number))
    with pool:
        pass
    assert "".join(name for name, _ in target.sent) == "bbbcbacb"


def test_what_was_sent_is_checked_in_full_parts_while_others_are_under_way() -> None:
    target = Target()
    pool = target.pool()
    for number in range(102):
        pool.offer(number % 12, (f"group {number % 12}", number))
    with pool:
        pass
    assert [len(part) for part in target.checked] == [5] * 20 + [2]


def test_what_is_left_is_checked_when_nothing_else_is_under_way() -> None:
    target = Target()
    with target.pool() as pool:
        pool.offer("group", ("group", 1))
        for _ in range(500):
            if target.checked:
                break
            time.sleep(0.01)
        assert target.checked == [[("group", 1)]]


def test_after_a_failure_nothing_more_is_sent_and_what_was_sent_is_checked() -> None:
    target = Target(broken=10)
    with pytest.raises(ValueError, match="broken"), target.pool(threads=1) as pool:  # noqa: PT012
        for number in range(1000):
            pool.offer(number, (str(number), number))
    assert [number for _, number in target.sent] == list(range(10))
    assert set(target.stopped) == {"broken"}
    assert sorted(one for part in target.checked for one in part) == sorted(target.sent)


def test_leaving_by_an_exception_drops_what_waits() -> None:
    target = Target()
    with pytest.raises(KeyboardInterrupt), target.pool(threads=1) as pool:  # noqa: PT012
        for number in range(100):
            pool.offer(number, (str(number), number))
        raise KeyboardInterrupt
    assert len(target.sent) < 100
    assert set(target.stopped) == {"KeyboardInterrupt"}
    assert sorted(one for part in target.checked for one in part) == sorted(target.sent)
