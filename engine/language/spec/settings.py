"""Every setting of a company in books.yaml: what it means, and what `init` asks for it.

A setting has no default where a wrong default would cost money; then it is needed, and `validate` puts the
question. An optional one that is not set is None in expressions.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.language.spec.schema_words import Schema, amount, choice, list_of, record, text, whole

_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_DAY_SAYS = "write a date as 2026-11-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: its name, its shape (whose description is its meaning), and the question for `init`."""

    name: str
    shape: Schema
    question: str
    needed: bool = False

    @property
    def meaning(self) -> str:
        """What it means, in a sentence."""
        return str(self.shape["description"])

    @property
    def type_words(self) -> str:
        """Its type for the reference: text, whole number, date, list, or the words to choose from."""
        if "enum" in self.shape:
            return " | ".join(self.shape["enum"])
        if self.shape.get("pattern") == _DAY:
            return "date"
        words = {"string": "text", "integer": "whole number", "number": "amount", "array": "list"}
        return words[self.shape["type"]]


def _day(about: str) -> Schema:
    return text(about, pattern=_DAY, say=_DAY_SAYS)


_PERIOD: Schema = {
    "description": "A month such as 2026-11, or the first and the last day.",
    "type": ["string", "object"],
    "pattern": r"^[0-9]{4}-(0[1-9]|1[0-2])$",
    "patternErrorMessage": "write a month as 2026-11, or {from: 2026-11-01, to: 2026-11-15}",
    "if": {"type": "object"},
    "then": record("A span of days.", needed={"from": _day("The first day."), "to": _day("The last day.")}),
}

_ALL = (
    Setting(name="name", shape=text("The company's name, for people."), question="What is the company called?"),
    Setting(
        name="currency",
        shape=text(
            "The currency of the company's books (ISO 4217).",
            pattern="^[A-Z]{3}$",
            say="three capital letters such as USD",
        ),
        question="In which currency does the company keep its books?",
        needed=True,
    ),
    Setting(
        name="time_zone",
        shape=text("The zone in which a moment becomes a date of the books (IANA name)."),
        question="In which time zone does the company close its days, such as America/Chicago?",
        needed=True,
    ),
    Setting(
        name="go_live",
        shape=_day("The first day whose records post; earlier ones go to cut-over and never post by themselves."),
        question="From which day on does this program post?",
        needed=True,
    ),
    Setting(
        name="open_periods",
        shape=list_of(_PERIOD, "The months or spans of days that may be posted into."),
        question="Which periods are open for posting?",
        needed=True,
    ),
    Setting(
        name="paid_by",
        shape=choice("Who pays vendor bills; the other one must not be able to.", "airbase", "epicor"),
        question="Who pays the bills: airbase or epicor?",
        needed=True,
    ),
    Setting(
        name="amortise_in",
        shape=choice("Who books the monthly part of a prepaid bill.", "airbase", "epicor", "nobody"),
        question="Who books the schedule of prepaid bills: airbase, epicor or nobody?",
        needed=True,
    ),
    Setting(
        name="payment_method",
        shape=whole("PMUID of the Epicor payment method that no payment run selects."),
        question="Which Epicor payment method (PMUID) marks bills that Airbase pays?",
    ),
    Setting(
        name="gl_control_type",
        shape=text("Epicor's GL control type for the AP account of Airbase's bills, such as APAcct."),
        question="Which GL control type holds the AP account?",
    ),
    Setting(
        name="gl_control_code",
        shape=text("The GL control code of the AP account of Airbase's bills."),
        question="Which GL control code has the AP account for bills that Airbase pays?",
    ),
    Setting(
        name="gl_control_employees",
        shape=text("The GL control code of the payable to employees."),
        question="Which GL control code has the payable account for employees?",
    ),
    Setting(
        name="control_account",
        shape=text("The account that gl_control_code books to; the control report rolls it forward."),
        question="To which account does the control code of Airbase's bills book, such as 2105?",
    ),
    Setting(
        name="employees_account",
        shape=text("The account that gl_control_employees books to; the control report rolls it forward."),
        question="To which account does the control code of the payable to employees book, such as 2110?",
    ),
    Setting(
        name="clearing_accounts",
        shape=list_of(text("An account."), "Accounts that card spend may credit; never a bank account."),
        question="Which clearing accounts may card spend credit?",
    ),
    Setting(
        name="guarded_accounts",
        shape=list_of(text("An account."), "Accounts no line may be coded to: control, bank, inventory, payroll."),
        question="Which accounts must no line be coded to?",
    ),
    Setting(
        name="journal_code",
        shape=text("Epicor's journal code for card journals."),
        question="Which journal code do card journals get?",
    ),
    Setting(
        name="book_id",
        shape=text("Epicor's book that card journals go to."),
        question="Into which book do card journals go?",
    ),
    Setting(
        name="terms_code",
        shape=text("Epicor's terms without a discount, for bills that Airbase pays in full."),
        question="Which terms code has no discount?",
    ),
    Setting(
        name="files_1099",
        shape=choice(
            "Who files 1099 forms; when Airbase does, Epicor's lines carry no 1099 code.", "airbase", "epicor"
        ),
        question="Who files 1099 forms: airbase or epicor?",
    ),
    Setting(
        name="credit_sign",
        shape=choice("How Airbase writes the amount of a vendor credit.", "negative", "positive"),
        question="Does Airbase write a vendor credit as a negative or a positive amount?",
    ),
    Setting(
        name="default_department",
        shape=text("The department of a line that has no department tag."),
        question="Which department gets a line without a department?",
    ),
    Setting(
        name="employee_group",
        shape=text("Epicor's vendor group of employees, who are not published as vendors."),
        question="Which vendor group holds the employees?",
    ),
    Setting(
        name="shares_chart_with",
        shape=text("The company that publishes the chart of accounts this company shares."),
        question="Which other company publishes the same chart of accounts?",
    ),
    Setting(
        name="gl_account_context",
        shape=text(
            "The GL account context of an expense line, as the installation names it; Epicor's own when not set."
        ),
        question="What does Epicor call the GL account context of an expense line?",
    ),
    Setting(
        name="coa_code",
        shape=text("The chart of accounts of an expense line; Epicor's own when not set."),
        question="Which chart of accounts do expense lines use?",
    ),
    Setting(
        name="sweep_stop_missing",
        shape=whole(
            "So many entered documents may be gone from Epicor at once, or 2 in 100 where that is more (3 when not "
            "set); when more are gone, nothing is sent for the company until a person confirms it."
        ),
        question="How many entered documents may be gone at once before sending stops?",
    ),
    Setting(
        name="deposit_accounts",
        shape=list_of(
            text("An account."), "Accounts of deposits and prepayments to vendors; a bill coded to one is held."
        ),
        question="Which accounts hold deposits paid to vendors?",
    ),
    Setting(
        name="prepaid_accounts",
        shape=list_of(
            text("An account."), "Accounts of prepaid expenses; `prepaid` rolls them forward bill by bill."
        ),
        question="To which accounts are amortised bills booked, such as 1400?",
    ),
    Setting(
        name="prior_period_limit",
        shape=amount(
            "The amount up to which a record of a signed period moves into the next open one, where its mapping says "
            "`closed: next_open`; a larger one, and every one while this is not set, is held.",
            least=0,
        ),
        question="Up to which amount may a record of a signed month be booked in the next one?",
    ),
    Setting(
        name="fiscal_year_starts",
        shape={
            **whole(
                "The month the fiscal year begins in (January when not set); no record moves across it.", least=1
            ),
            "maximum": 12,
        },
        question="In which month, 1 to 12, does the fiscal year begin?",
    ),
    Setting(
        name="approval_limit",
        shape=amount(
            "The amount, in the document's own currency, above which it is held for a second person.", least=0
        ),
        question="Above which amount does a second person approve?",
    ),
)

SETTINGS: dict[str, Setting] = {setting.name: setting for setting in _ALL}
"""Every setting by its name, in the order of the reference."""
