"""What must be true when a schedule has settled, asked of the sandbox's books and not of the connector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.adapters.store.port import RecordRow
from engine.domain.lifecycle import State
from tests.campaign.stage import Stage
from tests.campaign.world import EMPLOYEE_GROUP, Wanted

ENTERED = (State.ENTERED, State.IN_GL, State.SETTLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document in Epicor, an AP invoice or a GL journal, posted or not; debits are positive.

    `key` is an invoice's company, vendor number and number, `reference` a journal's name.
    """

    company: str
    stamp: str
    key: tuple[str, int, str] | None
    booked: Counter[tuple[str, Decimal]]
    total: Decimal
    reference: str = ""


@dataclass(slots=True)
class Verdict:
    """What the comparison found; without complaints the schedule is good.

    `of_lost_ledger` are the documents, by key or stamp, that only a ledger that was lost knew of.
    """

    documents: int = 0
    duplicates: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    with_person: Counter[str] = field(default_factory=Counter)
    master_data: int = 0
    of_lost_ledger: set[Any] = field(default_factory=set)
    swept: Counter[str] = field(default_factory=Counter)
    reconciled: Counter[str] = field(default_factory=Counter)

    @property
    def complaints(self) -> list[str]:
        """Everything that is not as it must be."""
        named = (("duplicate", self.duplicates), ("lost", self.lost), ("wrong", self.wrong), ("", self.others))
        return [f"{kind}: {text}" if kind else text for kind, texts in named for text in texts]


def compare(stage: Stage) -> Verdict:
    """The sandbox's books and the connector's ledger against what the world says must be."""
    verdict = Verdict(others=list(stage.complaints))
    documents = list(documents_of(stage))
    rows = {row.key.source_id: row for row in stage.rows() if row.key.connection == "airbase"}
    wanted = stage.schedule.world.wanted
    verdict.documents = len(documents)
    _no_document_twice(documents, wanted, verdict)
    for one in wanted:
        _Case(stage, verdict, one, documents, rows).judge()
    _master_data(stage, verdict)
    _one_story_each(stage, verdict)
    return verdict


def documents_of(stage: Stage) -> Iterable[Document]:
    books = stage.sandbox.epicor.books
    report = stage.sandbox.report()["companies"]
    for company in books.companies():
        for row in books.invoices(company):
            lines = next(
                one["lines"]
                for one in report[company]["invoices"]
                if (one["number"], one["vendor"]) == (row["InvoiceNum"], _vendor_id(books, company, row["VendorNum"]))
            )
            yield Document(
                company=company,
                stamp=row.get("XRefInvoiceNum") or "",
                key=(company, row["VendorNum"], row["InvoiceNum"]),
                booked=Counter((line["gl_account"], Decimal(line["amount"])) for line in lines),
                total=Decimal(row["DocInvoiceAmt"]),
            )
        journals = [(one["description"], one) for one in report[company]["journals_open"]]
        journals += [
            (one["lines"][0]["description"], one)
            for one in report[company]["journals_posted"]
            if one["module"] == "GL"
        ]
        for stamp, one in journals:
            yield _journal(company, stamp, one)


def _journal(company: str, stamp: str, shown: Mapping[str, Any]) -> Document:
    booked = Counter((line["gl_account"], Decimal(line["debit"] - line["credit"])) for line in shown["lines"])
    total = sum((line["debit"] for line in shown["lines"]), Decimal(0))
    reference = f"{company}/{str(shown['date'])[:4]}/{shown['code']}/{shown['number']}"
    return Document(company=company, stamp=stamp, key=None, booked=booked, total=total, reference=reference)


def _vendor_id(books: Any, company: str, number: int) -> str:
    return next(str(row["VendorID"]) for row in books.rows(company, "Vendor") if row["VendorNum"] == number)


def _no_document_twice(documents: Sequence[Document], wanted: Sequence[Wanted], verdict: Verdict) -> None:
    known = {one.stamp for one in wanted}
    stamps = Counter(one.stamp for one in documents if one.stamp)
    numbers = Counter((one.key[0], one.key[1], one.key[2].strip().casefold()) for one in documents if one.key)
    verdict.duplicates += [f"{count} documents bear {stamp}" for stamp, count in stamps.items() if count > 1]
    verdict.duplicates += [f"{count} invoices are {number}" for number, count in numbers.items() if count > 1]
    verdict.others += [f"a document bears {stamp}, which is nobody's" for stamp in stamps if stamp not in known]


def is_as_wanted(wanted: Wanted, there: Document) -> bool:
    """Whether a document books what it should, line by line and in all."""
    total = wanted.total
    if wanted.is_journal:
        total = sum((amount for _, amount in wanted.booked.elements() if amount > 0), Decimal(0))
    return there.booked == wanted.booked and there.total == total


class _Case:
    """One record: what must have come of it, and what has."""

    def __init__(
        self,
        stage: Stage,
        verdict: Verdict,
        wanted: Wanted,
        documents: Sequence[Document],
        rows: Mapping[str, RecordRow],
    ) -> None:
        self.stage, self.verdict, self.wanted, self.rows = stage, verdict, wanted, rows
        self.key = (wanted.company, wanted.vendor_num, wanted.number)
        self.there = [
            one for one in documents if one.stamp == wanted.stamp or (wanted.number and one.key == self.key)
        ]
        self.bearing = [one for one in self.there if one.stamp == wanted.stamp]

    def judge(self) -> None:
        row = self.rows.get(self.wanted.id)
        if self.stage.is_lost and self._is_of_the_lost_ledger(row):
            self._is_as_wanted()
            self.verdict.of_lost_ledger.add(self.key if self.wanted.number else self.wanted.stamp)
            where = "not in the ledger" if row is None else row.state
            self.verdict.with_person[f"{where}: entered and told to Airbase before the ledger was lost"] += 1
            return
        if row is None:
            self._complain("lost", "it is not in the ledger")
            return
        self._intent_before_effect(row)
        self._acknowledged_when_entered(row)
        if row.state in ENTERED:
            self._is_entered(row)
        elif self.wanted.waits and self._may_wait(row):
            self.verdict.with_person[f"{row.cause} (as it should)"] += 1
        elif why := self._why_with_person(row):
            self.verdict.with_person[f"{row.cause}: {why}"] += 1
        else:
            books = "is in Epicor" if self.there else "is not in Epicor"
            self._complain("lost", f"{row.state}, {row.cause}: {row.reason}; the document {books}")

    def _is_entered(self, row: RecordRow) -> None:
        if self.wanted.waits and not self._takes_the_twins_place():
            self._complain("wrong", f"it is entered and should wait ({self.wanted.waits})")
        elif len(self.there) != 1:
            self._complain("lost", f"it is {row.state}, and {len(self.there)} documents are in Epicor")
        elif self.key in self.stage.clerk.edited:
            self.verdict.with_person["differs: the clerk changed it"] += row.cause == "differs"
        elif row.cause:
            self._complain("wrong", f"entered with cause {row.cause}: {row.reason}")
        else:
            self._is_as_wanted()

    def _is_of_the_lost_ledger(self, row: RecordRow | None) -> bool:
        """Whether it was entered and written back while there was the other ledger: it left the feed, then."""
        entry = self.stage.sandbox.airbase.books.entry(self.wanted.id) or {}
        open_still = row is not None and row.state not in (State.WITHDRAWN, State.REFUSED)
        return entry["status"] == "sync_complete" and not open_still and len(self.there) == 1

    def _is_as_wanted(self) -> None:
        there = self.there[0]
        if self.key not in self.stage.clerk.edited and not is_as_wanted(self.wanted, there):
            self._complain("wrong", f"{dict(there.booked)} instead of {dict(self.wanted.booked)}")

    def _may_wait(self, row: RecordRow) -> bool:
        return row.state is State.HELD and row.cause == self.wanted.waits and not self.bearing

    def _takes_the_twins_place(self) -> bool:
        """The first of two records with one number was refused for good: then the second may be entered."""
        first = self.rows.get(self.wanted.twin)
        return first is not None and first.state not in ENTERED and bool(self.bearing)

    def _why_with_person(self, row: RecordRow) -> str:
        """Why it may have ended with a person; empty when nothing explains it."""
        clerk = self.stage.clerk
        match row.state, row.cause:
            case State.IN_DOUBT, "not_found" if self.wanted.is_journal and row.attempts and not self.there:
                return "sent without an answer and not in Epicor; nothing there refuses a second journal"
            case ((State.IN_DOUBT | State.HELD), "differs") if self.key in clerk.edited and self.bearing:
                return "the clerk changed it before it was read back"
            case ((State.IN_DOUBT | State.HELD), ("number_taken" | "differs")) if self.key in clerk.keyed:
                return "the clerk had keyed another invoice with its number"
            case State.REFUSED, "refused" if clerk.closed and not self.bearing:
                return "the clerk had its group open, or posted it in that moment"
            case State.HELD, "same_key" if self.wanted.waits and not self.bearing:
                return "another record has its number"
            case State.HELD, "number_taken" if self.wanted.twin and self.stage.is_lost and not self.bearing:
                return "another record has its number, which only the lost ledger knew"
        return ""

    def _acknowledged_when_entered(self, row: RecordRow) -> None:
        entry = self.stage.sandbox.airbase.books.entry(self.wanted.id) or {}
        if (entry["status"] == "sync_complete") != (row.state in ENTERED):
            self._complain("wrong", f"Airbase has it {entry['status']}, and it is {row.state}")
        if row.state in ENTERED and entry["erp_reference_id"] != row.reference:
            self._complain("wrong", f"Airbase names {entry['erp_reference_id']}, and it is {row.reference}")

    def _intent_before_effect(self, row: RecordRow) -> None:
        saves = self.stage.gate.saves_of(self.wanted.stamp)
        if saves > row.attempts and not self.stage.is_lost:
            self._complain("others", f"Epicor was asked to save it {saves} times, the ledger knows of {row.attempts}")

    def _complain(self, kind: str, text: str) -> None:
        name = f"{self.wanted.flow} {self.wanted.number or self.wanted.stamp} {self.wanted.id[:8]}"
        getattr(self.verdict, kind).append(f"{name}: {text}")


def _master_data(stage: Stage, verdict: Verdict) -> None:
    """Every vendor, account and order that belongs in Airbase is there once, under its own name."""
    airbase = stage.sandbox.airbase.books
    for table, expected in _expected_master_data(stage).items():
        by_reference: dict[str, list[Any]] = {}
        for row in airbase.rows(table):
            if row["erp_reference_id"] and row.get("type_label", "Purchase order") == "Purchase order":
                by_reference.setdefault(row["erp_reference_id"], []).append(row)
        verdict.duplicates += [
            f"{table} {one} is there {len(rows)} times" for one, rows in by_reference.items() if rows[1:]
        ]
        for reference, name in expected.items():
            rows = by_reference.get(reference, [])
            verdict.master_data += 1
            if not rows:
                verdict.lost.append(f"{table} {reference} is not in Airbase")
            elif rows[0]["name"] != name:
                verdict.wrong.append(f"{table} {reference} is called {rows[0]['name']} instead of {name}")
    wanted = (*ENTERED, State.SKIPPED)
    verdict.others += [
        f"{row.mapping} {row.key.source_id} of {row.key.feed}: {row.state}, {row.cause}: {row.reason}"
        for row in stage.rows()
        if row.key.connection == "epicor" and row.state not in wanted
    ]


def _expected_master_data(stage: Stage) -> dict[str, dict[str, str]]:
    expected: dict[str, dict[str, str]] = {"vendors": {}, "accounts": {}, "tags": {}}
    guarded = {"1010", "1020", "1090", "1100", "1300", "1310", "1320", "2100", "2105", "2110", "2150", "2400"}
    for company, tables in stage.schedule.world.seed.epicor.items():
        for row in tables["Vendor"]:
            if not row["Inactive"] and row["GroupCode"] != EMPLOYEE_GROUP:
                expected["vendors"][row["VendorID"]] = row["Name"]
        for row in tables["GLAccount"] if company == "EPIC06" else ():
            if row["SegValue2"] == "00" and row["Active"] and row["SegValue1"] not in guarded:
                expected["accounts"][row["SegValue1"]] = row["AccountDesc"]
        for row in tables["POHeader"]:
            is_open = row["OpenOrder"] and not row["VoidOrder"] and not row["OrderHeld"]
            if is_open and row["ApprovalStatus"] == "A":
                expected["tags"][str(row["PONum"])] = f"PO {row['PONum']} {row['VendorName']}"
    return expected


def _one_story_each(stage: Stage, verdict: Verdict) -> None:
    """The audit trail is whole, and tells of every record the one state it has and at most one entry."""
    rows = {str(row.key): row for row in stage.rows()}
    last: dict[str, str] = {}
    entries: Counter[str] = Counter()
    with stage.ledger() as ledger:
        verdict.others += [f"audit trail: {trouble}" for trouble in ledger.verify_trail()]
        for _, event, _ in ledger.trail():
            to = event.detail.get("to") if event.kind != "changed" else "seen" if event.kind == "seen" else None
            if event.record and (to or event.kind == "seen"):
                entries[event.record] += to == State.ENTERED and last.get(event.record) != State.ENTERED
                last[event.record] = to or State.SEEN
    for key, row in rows.items():
        if last.get(key) != row.state:
            verdict.others.append(f"{key} is {row.state}, and its trail ends with {last.get(key)}")
        if row.key.connection == "airbase" and entries[key] > 1:
            verdict.others.append(f"{key} was entered {entries[key]} times by its trail")
