"""What a process is told: one heap, as the C library itself counts it, and one core, as the system says it."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.wiring import this_process
from engine.wiring.this_process import on_one_core

THREADS = 4
SCRIPT = f"""
import ctypes, sys, threading
from engine.wiring.this_process import share_one_heap
if sys.argv[1] == "shared":
    share_one_heap()
library = ctypes.CDLL(None)
library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
at_once = threading.Barrier({THREADS})
def work():
    at_once.wait()
    library.malloc(10_000)
    at_once.wait()
threads = [threading.Thread(target=work) for _ in range({THREADS})]
for one in threads: one.start()
for one in threads: one.join()
library.fdopen.restype = ctypes.c_void_p
library.malloc_info(0, ctypes.c_void_p(library.fdopen(1, b"w")))
library.fflush(None)
"""


def heaps(how: str) -> int:
    """How many heaps the threads of a process made."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True)
    return done.stdout.count("<heap nr=")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="the C library is not glibc")
def test_threads_share_one_heap() -> None:
    assert heaps("shared") == 1
    assert heaps("apart") > 1


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a process to a core")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Other tests' runs, which claim cores as well, do not count."""
    monkeypatch.setattr(this_process, "CLAIM", tmp_path.name)


@on_linux
@pytest.mark.usefixtures("alone")
def test_threads_stay_on_one_core_until_the_end() -> None:
    before = os.sched_getaffinity(0)
    with on_one_core(), ThreadPoolExecutor(1) as pool:
        here, there = os.sched_getaffinity(0), pool.submit(os.sched_getaffinity, 0).result()
    assert len(here) == 1
    assert here <= before
    assert there == here
    assert os.sched_getaffinity(0) == before


@on_linux
@pytest.mark.usefixtures("alone")
def test_each_run_has_a_core_of_its_own_while_there_is_one() -> None:
    allowed = os.sched_getaffinity(0)
    with ExitStack() as stack:
        cores = [_core_of_another(stack, allowed) for _ in range(len(allowed) + 1)]
    assert sorted(map(len, cores)) == sorted([1] * len(allowed) + [len(allowed)])
    assert set().union(*(core for core in cores if len(core) == 1)) == allowed


def _core_of_another(stack: ExitStack, allowed: set[int]) -> set[int]:
    """Where a further one that is under way until the end is kept."""
    stack.enter_context(on_one_core())
    kept = os.sched_getaffinity(0)
    os.sched_setaffinity(0, allowed)
    return kept


@on_linux
def test_where_no_claim_can_be_made_a_run_moves_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_family: int) -> None:
        raise PermissionError("not in this box")

    before = os.sched_getaffinity(0)
    monkeypatch.setattr(socket, "socket", forbidden)
    with on_one_core():
        assert os.sched_getaffinity(0) == before
