"""A second process on the ledger, for the tests: `contender.py URL TASK NAME`."""

from __future__ import annotations

import os
import signal
import sys

from ledger_scene import RUN, TURN, WHO, begin, conclude, intent, open_at, row_of

from engine.adapters.store.port import ClaimTaken, Lease, Ledger
from engine.domain.lifecycle import State
from engine.words.clock import SystemClock


def claim_all(ledger: Ledger, name: str) -> int:
    """Begin one record of our own for each key; the other process has another record with the same key."""
    lease = ledger.take_lease(f"bills@{name}", name, 60)
    assert lease is not None
    won = 0
    for number in range(30):
        try:
            ledger.begin(intent(row_of(ledger, f"{name}-{number}"), f"K{number}"), lease, RUN, name)
            won += 1
        except ClaimTaken:
            continue
    return won


def take_turns(ledger: Ledger, name: str) -> int:
    """Take the same lease often; the fences we got, summed, tell the test whether two were alike."""
    fences: list[int] = []
    while len(fences) < 15:
        lease = ledger.take_lease(TURN, name, 60)
        if lease is not None:
            fences.append(lease.fence)
            ledger.release_lease(lease)
    sys.stdout.write(f"{fences}\n")
    return 0


def die_while_sending(ledger: Ledger, name: str) -> int:
    """Begin, then be killed before the outcome."""
    begin(ledger, row_of(ledger, "b-1"), "7|INV-1", _turn(ledger, name))
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def send(ledger: Ledger, name: str) -> int:
    """Begin and conclude."""
    attempt = begin(ledger, row_of(ledger, "b-1"), "7|INV-1", _turn(ledger, name))
    conclude(ledger, attempt, "effect", State.ENTERED)
    return 0


def start_runs(ledger: Ledger, name: str) -> int:
    """Write audit events side by side with other processes."""
    for number in range(25):
        ledger.start_run(f"{name}-{number}", "bills", WHO)
    return 0


def _turn(ledger: Ledger, name: str) -> Lease:
    lease = ledger.take_lease(TURN, name, 60)
    assert lease is not None
    return lease


TASKS = {task.__name__: task for task in (claim_all, take_turns, die_while_sending, send, start_runs)}

if __name__ == "__main__":
    url, task, name = sys.argv[1:]
    opened = open_at(url, SystemClock())
    result = TASKS[task](opened, name)
    opened.close()
    sys.stdout.write(f"{result}\n")
