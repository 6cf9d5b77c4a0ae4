"""The control report as JSON: what programs read and what is signed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.run.reconciling.report import BUCKETS, Compared, ControlReport, Count, Movement, RollForward, StateRow


def report_json(report: ControlReport) -> dict[str, Any]:
    """The whole report; amounts are text, and null where not known."""
    exposure = report.exposure
    return {
        "source": report.source,
        "target": report.target,
        "company": report.company,
        "period": report.period,
        "first": report.first,
        "last": report.last,
        "time_zone": report.zone,
        "currency": report.currency,
        "run_at": report.run_at,
        "rules": report.rules,
        "sources": [
            {"what": one.what, "complete": one.complete, "pages": one.pages, "rows": one.rows, "problem": one.problem}
            for one in report.readings
        ],
        "states": None if report.states is None else [_state(row) for row in report.states],
        "claimed_by_no_mapping": report.unclaimed,
        "company_or_date_not_readable": report.without_place,
        "roll_forwards": [_rolled(one) for one in report.roll_forwards],
        "exposure": None
        if exposure is None
        else {
            "paid_and_open": _by_currency(exposure.paid_and_open),
            "oldest": exposure.oldest,
            "unlocked": _by_currency(exposure.unlocked),
            "used_credits": [one.as_json() for one in exposure.used_credits],
        },
        "by_account": _compared(report.by_account),
        "by_vendor": _compared(report.by_vendor),
        "in_base": None if report.in_base is None else [one.as_json() for one in report.in_base],
        "findings": [one.as_json() for one in report.findings],
        "unknown": list(report.unknown),
        "result": report.verdict,
        "amount": str(report.amount),
        "exit_code": report.exit_code,
    }


def _by_currency(counts: Mapping[str, Count]) -> list[dict[str, Any]]:
    return [{"currency": currency, **count.as_json()} for currency, count in sorted(counts.items())]


def _state(row: StateRow) -> dict[str, Any]:
    count, amount = row.check
    buckets: dict[str, Count] = row.buckets
    return {
        "mapping": row.mapping,
        "currency": row.currency,
        "source": row.source.as_json(),
        **{name: buckets[name].as_json() for name in BUCKETS},
        "check": {"count": count, "amount": str(amount)},
    }


def _rolled(one: RollForward) -> dict[str, Any]:
    return {
        "account": one.account,
        "kind": one.kind,
        "opening": _text(one.opening),
        "opening_from": one.opening_from,
        "movements": _moves(one.movements),
        "expected": _text(one.expected),
        "documents": _text(one.documents),
        "in_gl": _text(one.in_gl),
        "difference": _text(one.difference),
        "not_yet_in_gl": _moves(one.not_yet),
        "expected_at_source": _text(one.expected_at_source),
        "stated_at_source": _text(one.stated_at_source),
    }


def _moves(moves: tuple[Movement, ...]) -> list[dict[str, Any]]:
    return [{"what": one.what, "amount": _text(one.amount)} for one in moves]


def _compared(rows: tuple[Compared, ...] | None) -> list[dict[str, Any]] | None:
    if rows is None:
        return None
    return [
        {"what": one.what, "expected": str(one.expected), "there": str(one.there), "difference": str(one.difference)}
        for one in rows
    ]


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
