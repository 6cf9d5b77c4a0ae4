"""The threads that send: kept full from page to page, with each group's documents one after another.

The group with the most waiting goes first, so that at the end no long one is left that keeps only one thread busy.

What was sent is read back many at once: as soon as there are enough of them, or when nothing else is under way.
A document waits for its turn here and not in a thread, so that a busy group keeps no thread from working.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Generic, Self, TypeVar

BACKLOG = 200
"""Documents that wait at most: enough of them to find groups that are not busy, and few enough for the memory."""

Work = TypeVar("Work")
Sent = TypeVar("Sent")


class SendPool(Generic[Work, Sent]):
    """Sends work by `send`, from several threads; what that gives is handed to `check`, `together()` at a time.

    Use it in a `with`: at its end everything is sent and checked. Where the body of the `with` is left by an
    exception, or a thread meets one, nothing more is begun, and `stop` is told why; what was sent is still checked.
    """

    def __init__(
        self,
        *,
        threads: int,
        together: Callable[[], int],
        send: Callable[[Work], Sent | None],
        check: Callable[[Sequence[Sent]], None],
        stop: Callable[[str], None],
    ) -> None:
        self._send, self._check, self._together, self._stop = send, check, together, stop
        self._waiting: dict[object, deque[Work]] = {}
        self._free: dict[object, None] = {}  # in the order in which they came free
        self._busy: set[object] = set()
        self._sent: list[Sent] = []
        self._count = self._working = 0
        self._failure: BaseException | None = None
        self._closing = False
        self._lock = threading.Lock()
        self._something = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._threads = [
            threading.Thread(target=self._work, name=f"sender {number}", daemon=True)
            for number in range(1, threads + 1)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            if error is not None:
                self._drop(error)
            self._closing = True
            self._something.notify_all()
        for thread in self._threads:
            thread.join()
        if self._failure is not None and error is None:
            raise self._failure

    def offer(self, group: object, work: Work) -> None:
        """Have this sent, after what of its group was offered before; waits while too much waits already.

        Raises:
            Exception: what a thread met; nothing more is sent.
        """
        with self._lock:
            while self._count >= BACKLOG and self._failure is None:
                self._room.wait()
            if self._failure is not None:
                raise self._failure
            if group not in self._waiting:
                self._waiting[group] = deque()
                if group not in self._busy:
                    self._free[group] = None
            self._waiting[group].append(work)
            self._count += 1
            self._something.notify()

    def _work(self) -> None:
        while True:
            with self._lock:
                while (task := self._next()) is None:
                    if self._closing and not self._working:
                        self._something.notify_all()
                        return
                    self._something.wait()
                self._working += 1
                if self._has_more():
                    self._something.notify()
            try:
                task()
            except BaseException as error:  # noqa: BLE001 - the thread that offers, or the end of the with, raises it
                with self._lock:
                    self._failure = self._failure or error
                    self._drop(error)
            finally:
                with self._lock:
                    self._working -= 1

    def _has_more(self) -> bool:
        """Whether there is something to do for another thread; the one that ends its work looks for itself."""
        return bool(self._free) or len(self._sent) >= self._together()

    def _next(self) -> Callable[[], None] | None:
        """What a free thread does now: read back where there is enough of it, else send, else read back the rest."""
        enough = self._together()
        if len(self._sent) < enough and self._free:
            group = max(self._free, key=lambda one: len(self._waiting[one]))
            del self._free[group]
            waiting = self._waiting[group]
            work = waiting.popleft()
            if not waiting:
                del self._waiting[group]
            self._busy.add(group)
            self._count -= 1
            self._room.notify()
            return lambda: self._send_one(group, work)
        if len(self._sent) >= enough or (self._sent and not self._working):
            part, self._sent = self._sent[:enough], self._sent[enough:]
            return lambda: self._check(part)
        return None

    def _send_one(self, group: object, work: Work) -> None:
        sent = None
        try:
            sent = self._send(work)
        finally:
            with self._lock:
                self._busy.discard(group)
                if group in self._waiting:
                    self._free[group] = None
                if sent is not None:
                    self._sent.append(sent)

    def _drop(self, error: BaseException) -> None:
        self._stop(str(error) or type(error).__name__)
        self._waiting.clear()
        self._free.clear()
        self._count = 0
        self._room.notify_all()
