"""On which day a record is booked: its own, or a later one where its period is signed and finance allows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from engine.language.spec.books import company_from
from engine.plan.extract import Waits
from engine.plan.period import booked_on

NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))
OPEN = ["2026-10", "2026-12", "2027-01"]


def booked(
    day: date,
    amount: str | None = "50.00",
    *,
    moves: bool = True,
    currency: str = "USD",
    signed: tuple[tuple[date, date], ...] = (NOVEMBER,),
    **settings: object,
) -> date:
    given = {"currency": "USD", "open_periods": OPEN, "prior_period_limit": Decimal(100), **settings}
    company = replace(company_from("A", given), signed=signed)
    worth = None if amount is None else Decimal(amount)
    return booked_on(company, day, moves=moves, amount=worth, currency=currency)


def test_an_open_day_is_kept_and_a_small_record_of_a_signed_month_moves_on() -> None:
    assert booked(date(2026, 10, 31)) == date(2026, 10, 31)
    assert booked(date(2026, 11, 30)) == date(2026, 12, 1)
    assert booked(date(2026, 11, 30), "-100.00") == date(2026, 12, 1)


@pytest.mark.parametrize(
    ("more", "cause", "says"),
    [
        ({"signed": ()}, "period_closed", "is not open in A"),
        ({"moves": False}, "period_signed", "is signed off in A"),
        ({"open_periods": ["2026-10"]}, "period_signed", "is signed off in A"),
        ({"amount": "100.01"}, "not_moved", "100.01 is above the prior_period_limit of 100.00"),
        ({"amount": "-100.01"}, "not_moved", "100.01 is above"),
        ({"prior_period_limit": None}, "not_moved", "does not say up to which amount"),
        ({"amount": None}, "not_moved", "what it is worth in USD is not known"),
        ({"currency": "EUR"}, "not_moved", "what it is worth in USD is not known"),
        ({"open_periods": ["2026-10", "2027-01"]}, "not_moved", "2027-01-01, is in another fiscal year"),
        ({"fiscal_year_starts": 12}, "not_moved", "2026-12-01, is in another fiscal year"),
    ],
)
def test_anything_else_is_held_with_its_reason(more: dict[str, object], cause: str, says: str) -> None:
    with pytest.raises(Waits, match=says) as told:
        booked(date(2026, 11, 30), **more)  # type: ignore[arg-type]
    assert told.value.cause == cause


def test_a_year_that_is_not_the_calendars_is_crossed_in_its_own_month() -> None:
    assert booked(date(2026, 11, 30), fiscal_year_starts=7, open_periods=["2027-01"]) == date(2027, 1, 1)
