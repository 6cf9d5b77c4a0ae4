"""A record on its way through planning: its scope grows until it is a document or waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from engine.domain.lifecycle import State
from engine.domain.record import SourceRecord
from engine.language.crosswalk.crosswalk import Hit
from engine.language.spec.books import Company
from engine.language.spec.model import MappingSpec
from engine.language.transform.render import RenderError
from engine.plan.decision import Facts, Put
from engine.plan.extract import UtcMoment, Waits, is_missing
from engine.plan.world import World
from engine.words.money import amount_of

LABEL_NAMES = ("label", "invoice_number", "number", "name")
AMOUNT_NAMES = ("total", "amount")


@dataclass(slots=True)
class Item:
    """One record being planned. `ended` is set as soon as it is known that it will not be a document."""

    record: SourceRecord
    spec: MappingSpec
    scope: dict[str, Any]
    company: Company | None = None
    hits: dict[str, Hit] = field(default_factory=dict)
    ended: Put | None = None

    def know_company(self, world: World) -> None:
        """Once `company` is in the scope: its settings become `books`, and book dates become dates.

        A record dated before the company's go-live ends here.

        Raises:
            Waits: books.yaml does not have the company.
        """
        name = self.scope.get("company")
        if self.company is not None or is_missing(name):
            return
        company = world.company(str(name))
        if company is None:
            raise Waits("company_unknown", f"company {name} is not in books.yaml")
        self.company = company
        self.scope["books"] = company.settings
        for key, value in self.scope.items():
            if isinstance(value, UtcMoment):
                self.scope[key] = value.in_zone(company.zone)
        self._end_before_go_live(company)

    def _end_before_go_live(self, company: Company) -> None:
        """History never posts by itself, whatever else may be said of it."""
        day = self.scope.get("date")
        if self.spec.in_step or not isinstance(day, date) or day >= company.go_live:
            return
        reason = f"dated {day}, before {company.code}'s go-live on {company.go_live}"
        put = Put(record=self.record.key, state=State.CUT_OVER, cause="cut_over", reason=reason, facts=self.facts())
        self.end(put)

    def each(self, variable: str, group: str) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
        """The items of a group: number from 1, the item itself, and the scope in which it is known."""
        for index, line in enumerate(self.scope[group], start=1):
            yield index, line, {**self.scope, variable: line, "loop": {"index": index}}

    def facts(self) -> Facts:
        """What people know this record by, as far as the scope has it; an amount that is not a number is left out."""
        label = next((str(self.scope[name]) for name in LABEL_NAMES if not is_missing(self.scope.get(name))), "")
        amount = next((self.scope[name] for name in AMOUNT_NAMES if self.scope.get(name) is not None), None)
        day = self.scope.get("apply_date") or self.scope.get("date")
        return Facts(
            company=_text(self.scope.get("company")) or self.record.company,
            label=label,
            amount=amount_of(amount),
            currency=_text(self.scope.get("currency")),
            book_date=None if day is None or isinstance(day, UtcMoment) else str(day),
        )

    def held(self, why: Waits | RenderError) -> Put:
        """What the record becomes when something about it goes wrong."""
        if isinstance(why, RenderError):
            why = Waits("expression_failed", f"{why.template.place}: {why.sentence}")
        return Put(record=self.record.key, state=State.HELD, cause=why.cause, reason=why.reason, facts=self.facts())

    def end(self, put: Put) -> None:
        """Take the record out of planning."""
        self.ended = put


def _text(value: Any) -> str | None:
    return None if is_missing(value) else str(value)
