"""What a process that lives for days does so that its memory stays as it is after the first jobs."""

from __future__ import annotations

import ctypes
import gc
import sys

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h."""


def share_one_heap() -> None:
    """Let all threads share one heap, where the C library is glibc; call it before there are others.

    By itself it makes eight heaps for each processor and gives hardly anything of them back: jobs that come now in
    this thread and now in that would fill them one by one.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_ARENA_MAX, 1)


def keep_what_is_there() -> None:
    """What is there now stays: to look through it after every job for what is unused would take long."""
    gc.collect()
    gc.freeze()


def keep_it_no_longer() -> None:
    """Look through everything again."""
    gc.unfreeze()
