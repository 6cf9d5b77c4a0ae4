"""Who signed which totals of which period, kept as acts in the audit trail; and the unlock of a signed period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.adapters.store.port import Ledger
from engine.domain.audit_event import AuditEvent
from engine.run.reconciling.report import UNKNOWN, ControlReport
from engine.run.reconciling.shown import report_json
from engine.run.setup import Setup
from engine.run.signed_periods import SIGNED, UNLOCKED, acts_of_closing, signed_events
from engine.words.errors import InputError
from engine.words.json_value import digest

TEXT_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """A signed period: by whom, when, the closing of each account (a debit positive), and the report's hash."""

    company: str
    period: str
    name: str
    who: str
    at: str
    verdict: str
    explained: str
    closings: Mapping[str, Decimal]
    report_hash: str


def sign_offs(ledger: Ledger, company: str) -> dict[str, SignOff]:
    """The signed periods of a company as they stand: the last sign-off of each, without those unlocked since."""
    return {period: _sign_off(event) for period, event in signed_events(ledger, company).items()}


def sign(setup: Setup, report: ControlReport, *, name: str, explanation: str = "") -> SignOff:
    """Sign the totals of a report; later entries into its period are held.

    Raises:
        InputError: no name, the report has something unknown, it does not tie and nobody says why, or the period
            is signed already.
    """
    if not name.strip() or len(name) > TEXT_MAX:
        raise InputError("--as NAME: who signs?")
    if report.verdict == UNKNOWN:
        raise InputError(
            f"{report.company} {report.period} cannot be signed while something is UNKNOWN: "
            f"{'; '.join(report.unknown)}"
        )
    if report.findings and not explanation.strip():
        raise InputError(
            f"{report.company} {report.period} does not tie by {report.amount} ({len(report.findings)} items): "
            "settle them, or sign with --explain TEXT"
        )
    if report.period in sign_offs(setup.ledger, report.company):
        raise InputError(f"{report.company} {report.period} is signed already; `close unlock` opens it again")
    closings = {one.account: str(one.in_gl) for one in report.roll_forwards if one.in_gl is not None}
    whole = report_json(report)
    detail = {
        "period": report.period,
        "company": report.company,
        "name": name.strip(),
        "verdict": report.verdict,
        "explained": explanation.strip()[:TEXT_MAX],
        "closings": closings,
        "report": whole,
        "report_hash": digest(whole),
    }
    event = _event(setup, SIGNED, report.company, detail)
    setup.ledger.audit(event)
    return _sign_off(event)


def unlock(setup: Setup, company: str, period: str, *, reason: str) -> None:
    """Open a signed period again.

    Raises:
        InputError: it is not signed, the company is not in books.yaml, or there is no reason.
    """
    if not reason.strip() or len(reason) > TEXT_MAX:
        raise InputError(f"--reason: say why, in at most {TEXT_MAX} characters; an auditor will ask for it")
    setup.books.company(company)
    if period not in sign_offs(setup.ledger, company):
        raise InputError(f"{company} {period} is not signed")
    detail = {"period": period, "company": company, "reason": reason.strip()}
    setup.ledger.audit(_event(setup, UNLOCKED, company, detail))


def _event(setup: Setup, kind: str, company: str, detail: dict[str, Any]) -> AuditEvent:
    return AuditEvent(
        at=setup.clock.now(), who=setup.who, kind=kind, record=acts_of_closing(company), run=None, detail=detail
    )


def _sign_off(event: AuditEvent) -> SignOff:
    detail = event.detail
    return SignOff(
        company=detail["company"],
        period=detail["period"],
        name=detail["name"],
        who=event.who,
        at=event.at.isoformat(timespec="seconds"),
        verdict=detail["verdict"],
        explained=detail["explained"],
        closings={account: Decimal(amount) for account, amount in detail["closings"].items()},
        report_hash=detail["report_hash"],
    )
