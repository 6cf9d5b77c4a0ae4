"""Fiscal periods and earliest apply dates: which day may still be booked, and into which period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from engine.faces.sandbox.epicor.errors import refused
from engine.faces.sandbox.epicor.rows import as_date, date_text
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.tables import Row


@dataclass(frozen=True, slots=True)
class Period:
    """A fiscal period."""

    calendar: str
    year: int
    suffix: str
    number: int
    first: date
    last: date

    def columns(self) -> dict[str, str | int]:
        """The four columns that stamp a row with this period."""
        return {
            "FiscalCalendarID": self.calendar,
            "FiscalYear": self.year,
            "FiscalYearSuffix": self.suffix,
            "FiscalPeriod": self.number,
        }


def period_of(session: Session, day: date, table: str) -> Period:
    """The period a day falls into.

    Raises:
        EpicorError: the company's calendar has none.
    """
    for row in session.find("FiscalPer", FiscalCalendarID=calendar_of(session)):
        period = _period(row)
        if period.first <= day <= period.last:
            return period
    raise refused(f"No fiscal period exists for {day}.", table)


def calendar_of(session: Session) -> str:
    """The company's fiscal calendar."""
    company = session.store.get("Company", session.company)
    return str((company or {}).get("FiscalCalendarID") or "")


def open_period(session: Session, module: str, day: date, table: str, column: str) -> Period:
    """The period of a day that may still be booked in a module, `AP` or `GL`.

    A day is closed when it lies before the earliest apply date of the company (module ``""``) or of the
    module, whichever is later: how the real server weighs the two is not known, this is the stricter way.

    Raises:
        EpicorError: no period, or closed.
    """
    period = period_of(session, day, table)
    earliest = earliest_apply_date(session, module)
    if earliest is not None and day < earliest:
        raise refused(f"{column} {day} is before the Earliest Apply Date {earliest}.", table, column)
    return period


def earliest_apply_date(session: Session, module: str) -> date | None:
    """The first day that is open in a module, or None when nothing is closed."""
    rows = (session.get("EADType", ""), session.get("EADType", module))
    days = [as_date(row["EarliestApplyDate"]) for row in rows if row and row.get("EarliestApplyDate")]
    return max(days, default=None)


def close_through(session: Session, module: str, last: date) -> None:
    """Close a module up to and including a day."""
    _set_earliest(session, module, last + timedelta(days=1))


def open_from(session: Session, module: str, first: date) -> None:
    """Open a module from a day on."""
    _set_earliest(session, module, first)


def _set_earliest(session: Session, module: str, day: date) -> None:
    session.save("EADType", {"EADType": module, "EarliestApplyDate": date_text(day)})


def _period(row: Row) -> Period:
    return Period(
        calendar=row["FiscalCalendarID"],
        year=int(row["FiscalYear"]),
        suffix=row.get("FiscalYearSuffix") or "",
        number=int(row["FiscalPeriod"]),
        first=as_date(row["StartDate"]),
        last=as_date(row["EndDate"]),
    )
