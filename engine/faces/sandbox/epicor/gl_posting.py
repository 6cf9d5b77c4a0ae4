"""Posting into the general ledger: GL journal groups, and the journal lines every posting makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from engine.faces.sandbox.epicor.accounts import MAIN_BOOK, account_problem, chart_of
from engine.faces.sandbox.epicor.calendar import open_period
from engine.faces.sandbox.epicor.errors import EpicorError
from engine.faces.sandbox.epicor.rows import as_date, date_text, decimal, segments
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.tables import Row

TABLE = "GLJrnDtl"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One line to be booked; a positive amount is a debit, in the book's currency."""

    account: str
    amount: Decimal
    columns: Mapping[str, Any]


def journal_number(session: Session, book: str, year: int, code: str) -> int:
    """The next journal number of a book, fiscal year and journal code."""
    return session.store.next_number(f"JournalNum {session.company} {book} {year} {code}")


def book_journal(
    session: Session, on: date, code: str, number: int, lines: list[LedgerLine], **shared: Any
) -> list[Row]:
    """Write a balanced journal into the ledger.

    Raises:
        ValueError: the lines do not balance, which the caller has to have seen.
    """
    if sum((line.amount for line in lines), Decimal(0)):
        raise ValueError("a journal that does not balance cannot be booked")
    module = "GL" if shared.get("SourceModule") in (None, "GL") else "AP"
    period = open_period(session, module, on, TABLE, "JEDate")
    booked = []
    for place, line in enumerate(lines, 1):
        debit, credit = max(line.amount, Decimal("0.00")), max(-line.amount, Decimal("0.00"))
        row = {
            "BookID": MAIN_BOOK,
            "JournalCode": code,
            "JournalNum": number,
            "JournalLine": place,
            "JEDate": date_text(on),
            "COACode": chart_of(session),
            "GLAccount": line.account,
            **segments(line.account),
            "DebitAmount": debit,
            "CreditAmount": credit,
            "BookDebitAmount": debit,
            "BookCreditAmount": credit,
            "Posted": True,
            "PostedBy": session.user,
            "PostedDate": date_text(session.today()),
            **period.columns(),
            **shared,
            **line.columns,
        }
        booked.append(session.save(TABLE, row))
    return booked


def journal_lines(session: Session, journal: Row) -> list[Row]:
    """The lines of an unposted journal, in order."""
    names = ("BookID", "FiscalYear", "FiscalYearSuffix", "JournalCode", "JournalNum")
    found = session.find("GLJrnDtlMnl", **{name: journal[name] for name in names})
    return sorted(found, key=lambda row: int(row["JournalLine"]))


def post_gl_group(session: Session, group: Row) -> str:
    """Post a group's journals; gives the message about those that stay, which also stands in PostErrorLog.

    Posted journals leave `GLJrnHed`, and the group goes with its last one.
    """
    problems = []
    for journal in session.find("GLJrnHed", GroupID=group["GroupID"]):
        found = _problems(session, journal)
        if found:
            problems += [f"Journal {journal['JournalNum']}: {problem}" for problem in found]
        else:
            _post_journal(session, journal)
    if problems:
        log = "\n".join(problems)
        session.save("GLJrnGrp", {**group, "PostErrorLog": log})
        return f"Not all journals of group {group['GroupID']} were posted."
    session.remove("GLJrnGrp", group["GroupID"])
    return ""


def _problems(session: Session, journal: Row) -> list[str]:
    lines, on = journal_lines(session, journal), as_date(journal["JEDate"])
    found = [] if lines else ["Journal has no lines"]
    if sum((decimal(line, "TransAmt") for line in lines), Decimal(0)):
        found.append("Out of Balance transactions")
    for line in lines:
        problem = account_problem(session, line["GLAccount"], on)
        found += [f"line {line['JournalLine']}: {problem}"] if problem else []
    try:
        open_period(session, "GL", on, "GLJrnHed", "JEDate")
    except EpicorError as error:
        found.append(error.message)
    return found


def _post_journal(session: Session, journal: Row) -> None:
    lines = journal_lines(session, journal)
    booked = [
        LedgerLine(
            account=line["GLAccount"],
            amount=decimal(line, "TransAmt"),
            columns={
                "Description": line.get("Description", ""),
                "CommentText": line.get("CommentText", ""),
                "ExtSysURL": line.get("ExtSysURL") or journal.get("ExtSysURL") or "",
                "VendorNum": line.get("VendorNum", 0),
                "APInvoiceNum": line.get("APInvoiceNum", ""),
                "CurrencyCode": line.get("CurrencyCode", ""),
            },
        )
        for line in lines
    ]
    book_journal(
        session,
        as_date(journal["JEDate"]),
        journal["JournalCode"],
        journal["JournalNum"],
        booked,
        GroupID=journal["GroupID"],
        SourceModule="GL",
        BookID=journal["BookID"],
    )
    remove_journal(session, journal)


def remove_journal(session: Session, journal: Row) -> None:
    """Take a journal out of entry, with its lines."""
    key = [journal[name] for name in ("BookID", "FiscalYear", "FiscalYearSuffix", "JournalCode", "JournalNum")]
    for line in journal_lines(session, journal):
        session.remove("GLJrnDtlMnl", *key, line["JournalLine"], journal["FiscalCalendarID"])
    session.remove("GLJrnHed", *key, journal["FiscalCalendarID"])
