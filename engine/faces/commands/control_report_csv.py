"""The control report as CSV: one line for each amount, so that it can be sorted and added up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.run.csv_text import csv_text
from engine.run.reconciling.report import BUCKETS, ControlReport

_COLUMNS = (
    "section",
    "what",
    "line",
    "count",
    "amount",
    "currency",
    "record",
    "reference",
    "account",
    "vendor",
    "sentence",
)


def report_csv(report: ControlReport) -> str:
    """The whole report; an amount that is not known says UNKNOWN."""
    return csv_text(_COLUMNS, _rows(report))


def _rows(report: ControlReport) -> Iterator[dict[str, Any]]:
    for one in report.readings:
        told = "COMPLETE" if one.complete else f"UNKNOWN: {one.problem}"
        yield {"section": "read", "what": one.what, "count": one.rows, "sentence": told}
    for row in report.states or ():
        parts = {"source": row.source, **{name: row.buckets[name] for name in BUCKETS}}
        for name, count in parts.items():
            amounts = {"count": count.count, "amount": count.amount, "currency": row.currency}
            yield {"section": "A", "what": row.mapping, "line": name, **amounts}
        left, amount = row.check
        yield {"section": "A", "what": row.mapping, "line": "check", "count": left, "amount": amount}
    for rolled in report.roll_forwards:
        section = "B" if rolled.kind == "control" else "C"
        lines = [("opening", rolled.opening), *((one.what, one.amount) for one in rolled.movements)]
        lines += [("expected", rolled.expected), ("in GL", rolled.in_gl), ("difference", rolled.difference)]
        if rolled.kind == "clearing":
            lines += [(f"not yet in GL: {one.what}", one.amount) for one in rolled.not_yet]
            lines += [("expected at the source", rolled.expected_at_source), ("stated", rolled.stated_at_source)]
        for line, value in lines:
            shown = "UNKNOWN" if value is None else value
            yield {"section": section, "what": rolled.account, "line": line, "amount": shown}
    if report.exposure is not None:
        for line, counts in (
            ("paid and open", report.exposure.paid_and_open),
            ("unlocked", report.exposure.unlocked),
        ):
            for currency, count in sorted(counts.items()):
                amounts = {"count": count.count, "amount": count.amount, "currency": currency}
                yield {"section": "D", "line": line, **amounts}
        for credit in report.exposure.used_credits:
            amounts = {"record": credit.record, "amount": credit.balance, "currency": credit.currency}
            yield {"section": "D", "what": credit.what, "line": "credit used, open", **amounts}
    for line, compared in (("account", report.by_account), ("vendor", report.by_vendor)):
        for entry in compared or ():
            for side, value in (("source", entry.expected), ("in GL", entry.there), ("difference", entry.difference)):
                yield {"section": "E", "what": entry.what, "line": f"{line}: {side}", "amount": value}
    for one_base in report.in_base or ():
        for side, in_books in (
            ("source", one_base.at_source),
            ("target", one_base.at_target),
            ("difference", one_base.difference),
        ):
            shown_ = "UNKNOWN" if in_books is None else in_books
            place = {"what": one_base.what, "reference": one_base.reference, "currency": report.currency}
            yield {"section": "E", "line": f"in {report.currency}: {side}", "amount": shown_, **place}
    for found in report.findings:
        amount_ = "UNKNOWN" if found.amount is None else found.amount
        yield {"section": "finding", "line": found.kind, **found.as_json(), "amount": amount_}
    for sentence in report.unknown:
        yield {"section": "unknown", "sentence": sentence}
    yield {"section": "result", "what": report.verdict, "amount": report.amount, "currency": report.currency}
