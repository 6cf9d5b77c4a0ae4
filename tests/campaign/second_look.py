"""What the connector's own sweep and control report say at the end: the clerk's damage, all of it and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from engine.run.reconciling.reconciling import reconcile
from engine.run.reconciling.report import ControlReport, Finding
from engine.run.reconciling.sides import period_of
from engine.run.sweeping import SweepResult, sweep
from engine.wiring.app import open_setup, valid_workspace
from tests.campaign.oracle import ENTERED, Document, Verdict, documents_of, is_as_wanted
from tests.campaign.stage import Stage
from tests.campaign.world import Wanted

PERIODS = ("2026-10", "2026-11")
ACCOUNTS = ("2105", "2110", "1090")
NOT_MODELLED = "the source's own balance of"
OF_A_CLERK = frozenset({"edited", "differs", "post_error"})


def look_again(stage: Stage, verdict: Verdict) -> None:
    """Sweep and reconcile every company and month; what they say too much or too little is a complaint."""
    with open_setup(valid_workspace(stage.folder)) as setup:
        swept = sweep(setup, setup.specs)
        openings = dict.fromkeys(ACCOUNTS, Decimal(0))
        reports = [
            reconcile(setup, company, period_of(period), openings=openings, balances={})
            for company in setup.books.companies
            for period in PERIODS
        ]
    look = _SecondLook(stage, verdict)
    look.at_sweep(swept)
    look.at_reports(reports)


class _SecondLook:
    """Holds what was said against what the clerk did."""

    def __init__(self, stage: Stage, verdict: Verdict) -> None:
        self.stage, self.verdict = stage, verdict
        self.clerk = stage.clerk
        self.by_id = {one.id: one for one in stage.schedule.world.wanted}
        there = list(documents_of(stage))
        self.documents = {one.key: one for one in there if one.key}
        self.stamps = {one.reference: one.stamp for one in there if one.reference}

    def at_sweep(self, swept: SweepResult) -> None:
        """Every finding is the clerk's, and everything that the clerk left otherwise is a finding."""
        for one in swept.noticed:
            wanted = self.by_id[one.row.key.source_id]
            if one.cause not in OF_A_CLERK or not self._is_the_clerks(wanted, one.cause):
                self._complain("others", f"sweep: {wanted.number or wanted.stamp} is {one.cause}: {one.reason}")
            else:
                self.verdict.swept[one.cause] += 1
        for line, why in swept.stopped.items():
            self._complain("others", f"sweep: {line} is stopped: {why}")
        for row in swept.unread:
            self._complain("others", f"sweep: {row.key} is not known any more")
        rows = {row.key.source_id: row for row in self.stage.rows()}
        for wanted, _ in self._changed():
            row = rows.get(wanted.id)
            if row is not None and row.state in ENTERED and row.cause not in OF_A_CLERK:
                self._complain("wrong", f"sweep: nothing is said of {wanted.number}, which the clerk changed")

    def at_reports(self, reports: list[ControlReport]) -> None:
        """The same of the control reports; and every document that no ledger knows any more is a finding."""
        said: Counter[Any] = Counter()
        for report in reports:
            for one in report.findings:
                key = self._key(one)
                said[key] += 1
                explained = key in self.clerk.edited | self.clerk.keyed or key in self.verdict.of_lost_ledger
                if not explained:
                    self._complain(
                        "others", f"reconcile {report.company} {report.period}: {one.kind}: {one.sentence}"
                    )
                else:
                    self.verdict.reconciled[one.kind] += 1
            for sentence in report.unknown:
                if not sentence.startswith(NOT_MODELLED):
                    self._complain("others", f"reconcile {report.company} {report.period}: {sentence}")
        for wanted, there in self._changed():
            if there.total != wanted.total and not said[there.key]:
                self._complain("wrong", f"reconcile: nothing is said of {wanted.number}, whose amount was changed")
        for key in self.verdict.of_lost_ledger:
            if not said[key]:
                self._complain("wrong", f"reconcile: nothing is said of {key}, which no record knows")

    def _is_the_clerks(self, wanted: Wanted, cause: str) -> bool:
        touched = self.clerk.edited | self.clerk.keyed
        return _key_of(wanted) in touched or (cause == "post_error" and bool(self.clerk.closed))

    def _changed(self) -> Iterator[tuple[Wanted, Document]]:
        """Our documents that do not say any more what was asked."""
        for wanted in self.by_id.values():
            there = self.documents.get(_key_of(wanted))
            if there is not None and there.stamp == wanted.stamp and not is_as_wanted(wanted, there):
                yield wanted, there

    def _key(self, finding: Finding) -> Any:
        """The document that a finding is about: company, vendor number and number, or the stamp of a journal."""
        source_id = finding.record.rpartition(":")[2]
        if source_id in self.by_id:
            wanted = self.by_id[source_id]
            return _key_of(wanted) if wanted.number else wanted.stamp
        company, _, rest = finding.reference.partition("/")
        vendor, _, number = rest.partition("/")
        books = self.stage.sandbox.epicor.books
        if company in books.companies():
            for row in books.rows(company, "Vendor"):
                if row["VendorID"] == vendor:
                    return company, row["VendorNum"], number
        if finding.reference in self.stamps:
            return self.stamps[finding.reference]
        touched = self.clerk.edited | self.clerk.keyed
        # A line of the general ledger has no reference; its text names the invoice.
        return next((key for key in touched if finding.sentence.endswith(f" {key[2]}): no record of ours")), "")

    def _complain(self, kind: str, text: str) -> None:
        getattr(self.verdict, kind).append(text)


def _key_of(wanted: Wanted) -> tuple[str, int, str]:
    return wanted.company, wanted.vendor_num, wanted.number
