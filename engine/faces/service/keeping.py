"""Keeping events together: what comes while one write is under way is kept by the next, all in one transaction."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool

from engine.adapters.store.inbox import Inbox, NewEvent


class Keeper:
    """Keeps the events of one inbox, from one event loop; as many at once as came during the write before."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._waiting: list[tuple[NewEvent, asyncio.Future[bool]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, event: NewEvent) -> bool:
        """Keep an event, durable when this returns; False when it came before.

        Raises:
            LedgerError: it is not kept.
        """
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, kept))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await kept

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                told = await run_in_threadpool(self._inbox.keep, [event for event, _ in group])
            except Exception as error:  # noqa: BLE001  every request waits for an answer, and raises it
                for _, kept in group:
                    if not kept.done():
                        kept.set_exception(error)
            else:
                for (_, kept), is_new in zip(group, told, strict=True):
                    if not kept.done():
                        kept.set_result(is_new)
        self._writing = None
