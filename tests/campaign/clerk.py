"""The clerk of a schedule, who edits, posts, locks and keys while the connector runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.epicor.errors import EpicorError
from engine.faces.sandbox.sandbox import EPICOR_USER, Sandbox
from tests.campaign.schedule import ClerkAct
from tests.campaign.world import NATURALS, Wanted


class ClerkAtWork:
    """Does the acts of a schedule and remembers what they may explain.

    `edited` and `keyed` are (company, vendor number, invoice number); `closed` are (company, group) that
    were posted or locked.
    """

    def __init__(self, sandbox: Sandbox, wanted: Sequence[Wanted], note: Callable[[str], None]) -> None:
        self._sandbox = sandbox
        self._wanted = wanted
        self._note = note
        self._locked: list[tuple[str, str, str]] = []
        self.edited: set[tuple[str, int, str]] = set()
        self.keyed: set[tuple[str, int, str]] = set()
        self.closed: set[tuple[str, str]] = set()
        self.done: Counter[str] = Counter()

    def do(self, act: ClerkAct) -> None:
        """Do it, if there is something to do it to and Epicor lets the clerk."""
        verb, _, what = act.what.partition(" ")
        doing = {"edit": self._edit, "post": self._post, "lock": self._lock, "key": self._key}[verb]
        try:
            told = doing(what, act.pick)
        except EpicorError as error:
            self._note(f"clerk: {act.what}: Epicor refuses: {error.message}")
            return
        if told:
            self.done[act.what] += 1
            self._note(f"clerk: {act.what} {told}")

    def go_home(self) -> None:
        """Let go of every group."""
        for company, group, kind in self._locked:
            unlock = (
                self._sandbox.clerk.unlock_ap_group if kind == "invoices" else self._sandbox.clerk.unlock_gl_group
            )
            try:
                unlock(company, group)
            except EpicorError as error:
                self._note(f"clerk: unlock {group}: {error.message}")
        self._locked.clear()

    def _edit(self, what: str, pick: int) -> str:
        found = [row for row in self._invoices() if row["EntryPerson"] == EPICOR_USER and not row.get("Posted")]
        if not found:
            return ""
        row = found[pick % len(found)]
        key = (row["Company"], row["VendorNum"], row["InvoiceNum"])
        clerk = self._sandbox.clerk
        # Remembered first: the connector may read the document in the moment it is changed.
        self.edited.add(key)
        if what == "account":
            clerk.edit_account(*key, 1, f"{NATURALS[pick % len(NATURALS)]}|00")
        elif what == "amount":
            clerk.edit_amount(*key, 1, Decimal(pick + 1) + Decimal("0.77"))
        else:
            clerk.edit_header(*key, PayHold=False)
        return str(key)

    def _post(self, what: str, pick: int) -> str:
        table = "APInvGrp" if what == "invoices" else "GLJrnGrp"
        group = self._group(table, pick)
        if group is None:
            return ""
        self.closed.add(group)
        post = self._sandbox.clerk.post_ap_group if what == "invoices" else self._sandbox.clerk.post_gl_group
        return f"{group} {post(*group)}"

    def _lock(self, what: str, pick: int) -> str:
        table = "APInvGrp" if what == "invoices" else "GLJrnGrp"
        group = self._group(table, pick)
        if group is None:
            return ""
        self.closed.add(group)
        lock = self._sandbox.clerk.lock_ap_group if what == "invoices" else self._sandbox.clerk.lock_gl_group
        lock(*group)
        self._locked.append((*group, what))
        return str(group)

    def _key(self, what: str, pick: int) -> str:
        free = [one for one in self._wanted if one.flow == "bill" and not one.waits and not self._has(one)]
        if not free:
            return ""
        bill = free[pick % len(free)]
        key = (bill.company, bill.vendor_num, bill.number)
        lines = bill.lines if what == "the same" else ((bill.lines[0][0], Decimal(pick + 1) + Decimal("0.13")),)
        self.keyed.add(key)
        clerk = self._sandbox.clerk
        clerk.key_invoice(*key, on=date.fromisoformat(bill.day), lines=lines)
        if what == "the same":
            clerk.edit_header(*key, PayHold=True, PMUID=9, GLControlType="APAcct", GLControlCode="AB-AP")
        return str(key)

    def _has(self, bill: Wanted) -> bool:
        key = (bill.company, bill.vendor_num, bill.number)
        return any((row["Company"], row["VendorNum"], row["InvoiceNum"]) == key for row in self._invoices())

    def _invoices(self) -> list[Any]:
        books = self._sandbox.epicor.books
        return [row for company in books.companies() for row in books.invoices(company)]

    def _group(self, table: str, pick: int) -> tuple[str, str] | None:
        books = self._sandbox.epicor.books
        found = [
            (company, str(row["GroupID"])) for company in books.companies() for row in books.rows(company, table)
        ]
        return found[pick % len(found)] if found else None
