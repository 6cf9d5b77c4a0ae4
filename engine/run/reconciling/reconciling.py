"""Reading all sides of a company and a period, and holding them against each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from engine.adapters.store.aside import Aside, Kept
from engine.domain.record import RecordKey
from engine.language.spec.books import Company
from engine.run.reconciling.comparing import Pair, by_account, by_vendor, document_findings, in_base, strangers
from engine.run.reconciling.exposing import exposed, exposed_findings, read_exposure
from engine.run.reconciling.read_ledger import read_ledger
from engine.run.reconciling.read_source import booking_specs, read_source
from engine.run.reconciling.read_target import read_target
from engine.run.reconciling.report import ControlReport, Finding, RollForward
from engine.run.reconciling.rolling import Account, Booked, roll
from engine.run.reconciling.sides import IN_TARGET, LedgerFact, Period, Sides, SourceFact
from engine.run.reconciling.signing import sign_offs
from engine.run.reconciling.states import in_period, state_rows, unclaimed_findings, without_source
from engine.run.setup import Setup
from engine.words.errors import InputError
from engine.words.json_value import digest
from engine.words.money import show_money

_NO_ADDITIONS: Mapping[str, Decimal] = {}


def reconcile(
    setup: Setup,
    company: str,
    period: Period,
    *,
    openings: Mapping[str, Decimal] = _NO_ADDITIONS,
    balances: Mapping[str, Decimal] = _NO_ADDITIONS,
) -> ControlReport:
    """The control report. `openings` are balances before the first sign-off, `balances` the source's own, a debit
    positive. Writes nothing; a side that cannot be read makes its parts unknown instead of stopping.

    Raises:
        InputError: the company is not in books.yaml, or an opening contradicts the signed closing.
    """
    books = setup.books.company(company)
    accounts = _accounts(setup, books, period, openings, balances)
    with Aside() as aside:
        facts, source_readings = read_source(setup, company, aside)
        ledger = read_ledger(setup, books, period, aside)
        target, target_readings = read_target(setup, books, period, aside)
        if facts is not None:
            _place(facts, ledger)
        payable, not_read = read_exposure(setup, company, facts or {})
        readings = (*source_readings, *target_readings)
        unknown = [f"{one.what} could not be read: {one.problem}" for one in readings if not one.complete]
        if not any(spec.reconcile is not None and spec.reconcile.postings for spec in booking_specs(setup)):
            unknown.append("no mapping says under `reconcile` how the target is read")
        sides = Sides(source=facts, ledger=ledger, target=target, payable=payable, readings=readings)
        pairs = _pairs(sides, books.code, period, aside)
        return _report(setup, books, period, sides, pairs, [*unknown, *not_read], accounts)


def _place(facts: Kept[RecordKey, SourceFact], ledger: Mapping[RecordKey, LedgerFact]) -> None:
    """Give records whose company only the target can tell the one that was found when they were planned."""
    for fact in facts.values():
        if not fact.company and (row := ledger.get(fact.key)) is not None:
            facts.put(replace(fact, company=row.company))


def _report(
    setup: Setup,
    books: Company,
    period: Period,
    sides: Sides,
    pairs: Iterable[Pair],
    unknown: list[str],
    accounts: tuple[Account, ...],
) -> ControlReport:
    facts, target, payable = sides.source, sides.target, sides.payable
    currency = str(books.settings["currency"])
    specs = tuple(booking_specs(setup))
    report = ControlReport(
        source=", ".join(sorted({spec.source.connection for spec in specs})),
        target=", ".join(sorted({spec.target.connection for spec in specs})),
        company=books.code,
        period=period.name,
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        zone=str(books.settings["time_zone"]),
        currency=currency,
        run_at=setup.clock.now().isoformat(timespec="seconds"),
        rules=digest(sorted(spec.content_hash for spec in specs))[:8],
        readings=sides.readings,
        exposure=exposed(payable, facts) if facts is not None and payable is not None else None,
        unknown=tuple(unknown),
    )
    if facts is not None and target is not None:
        booked = Booked(
            pairs=pairs,
            facts=facts,
            ledger=sides.ledger,
            target=target,
            period=period,
            company=books.code,
            currency=currency,
        )
        report = _compared(report, setup, books, booked, accounts)
    return report if payable is None else replace(report, findings=(*report.findings, *exposed_findings(payable)))


def _compared(
    report: ControlReport, setup: Setup, books: Company, booked: Booked, accounts: tuple[Account, ...]
) -> ControlReport:
    """The report with all that both sides are needed for."""
    facts, ledger, target, pairs = booked.facts, booked.ledger, booked.target, booked.pairs
    code, period, currency = booked.company, booked.period, booked.currency
    states, told = state_rows(in_period(facts.values(), code, period), ledger, target, period)
    unclaimed = tuple(unclaimed_findings(in_period(facts.values(), code, period), ledger))
    rolls = [roll(account, booked) for account in accounts]
    rolled = tuple(one for one, _ in rolls)
    placeless, lost = _placeless(facts, ledger)
    gone = [row for row in ledger.values() if _entered(row, code, period) and target.document(row.reference) is None]
    return replace(
        report,
        states=states,
        unclaimed=len(unclaimed),
        without_place=placeless,
        roll_forwards=rolled,
        by_account=by_account(pairs, target, currency),
        by_vendor=by_vendor(pairs, gone, facts, currency),
        in_base=in_base(pairs, facts, currency, _telling(setup)),
        findings=(
            *told,
            *without_source(facts, ledger, code, period),
            *unclaimed,
            *document_findings(pairs, target, facts, currency),
            *strangers(pairs, ledger, target),
            *(finding for _, found in rolls for finding in found),
            *lost,
            *_changed_since_sign_off(setup, rolled, code, period, currency),
        ),
        unknown=(*report.unknown, *_not_named(setup, books), *_not_known(rolled)),
    )


def _telling(setup: Setup) -> Iterator[str]:
    """The mappings that tell what their records are in the company's currency."""
    for spec in booking_specs(setup):
        if spec.reconcile is not None and spec.reconcile.base_amount is not None:
            yield spec.name


def _entered(row: LedgerFact, company: str, period: Period) -> bool:
    return row.state in IN_TARGET and row.company == company and period.has(row.day)


def _pairs(sides: Sides, company: str, period: Period, aside: Aside) -> Iterable[Pair]:
    """The entered records of the period beside their documents."""
    pairs: Kept[RecordKey, Pair] = aside.keep(Pair, lambda pair: pair[0].key)
    for row in sides.ledger.values():
        if sides.target is not None and _entered(row, company, period):
            document = sides.target.document(row.reference)
            if document is not None:
                pairs.put((row, document))
    return pairs.values()


def _placeless(
    facts: Mapping[RecordKey, SourceFact], ledger: Mapping[RecordKey, LedgerFact]
) -> tuple[int, list[Finding]]:
    """Records whose company or date cannot be read: they count for every period, and must wait in the ledger."""
    lost = [fact for fact in facts.values() if not fact.company or fact.day is None]
    told = [
        Finding(
            kind="not in the ledger",
            what=fact.label,
            amount=fact.amount,
            currency=fact.currency or "",
            sentence=f"{fact.label}: neither its company and date nor the record in the ledger can be read",
            record=str(fact.key),
        )
        for fact in lost
        if fact.key not in ledger
    ]
    return len(lost), told


def _not_named(setup: Setup, company: Company) -> list[str]:
    """Accounts that a mapping books to and books.yaml does not name: without them nothing is rolled forward."""
    sections = [spec.reconcile for spec in booking_specs(setup) if spec.reconcile is not None]
    told = []
    if any(one.accounts for one in sections) and not company.settings.get("control_account"):
        told.append(f"books.yaml does not name the control_account of company {company.code}: it is UNKNOWN")
    if any(one.on_clearing is not None for one in sections) and not company.settings.get("clearing_accounts"):
        told.append(f"books.yaml does not name the clearing_accounts of company {company.code}: they are UNKNOWN")
    return told


def _changed_since_sign_off(
    setup: Setup, rolled: Iterable[RollForward], company: str, period: Period, currency: str
) -> list[Finding]:
    """Accounts of a signed period whose closing is not the signed one any more."""
    signed = sign_offs(setup.ledger, company).get(period.name)
    if signed is None:
        return []
    return [
        Finding(
            kind="changed since sign-off",
            what=one.account,
            amount=one.in_gl - closing,
            currency=currency,
            sentence=f"{one.account} closes at {show_money(one.in_gl)}; {signed.name} signed {show_money(closing)}",
            account=one.account,
        )
        for one in rolled
        if one.in_gl is not None and (closing := signed.closings.get(one.account)) not in (None, one.in_gl)
    ]


def _not_known(rolled: Iterable[RollForward]) -> list[str]:
    told = []
    for one in rolled:
        if one.opening is None:
            told.append(f"the opening of {one.account} is UNKNOWN: {one.opening_from}")
        lost = [part for part in one.not_yet if part.amount is None]
        told += [
            f"the amount of {part.what} on {one.account} is UNKNOWN, because of {', '.join(part.records)}"
            for part in lost
        ]
        if one.kind == "clearing" and one.stated_at_source is None:
            told.append(f"the source's own balance of {one.account} is UNKNOWN: give --airbase-balance")
    return told


def _accounts(
    setup: Setup,
    company: Company,
    period: Period,
    openings: Mapping[str, Decimal],
    balances: Mapping[str, Decimal],
) -> tuple[Account, ...]:
    names = [(company.settings.get(name), "control") for name in ("control_account", "employees_account")]
    names += [(name, "clearing") for name in company.settings.get("clearing_accounts") or ()]
    wanted = {str(name): kind for name, kind in names if name}
    for given, option in ((openings, "--opening"), (balances, "--airbase-balance")):
        for account in given:
            if account not in wanted:
                has = ", ".join(wanted) or "none"
                raise InputError(f"{option} {account}: books.yaml rolls {has} forward in company {company.code}")
    signed = sign_offs(setup.ledger, company.code)
    before = signed.get(period.before)
    accounts = []
    for name, kind in wanted.items():
        carried = before.closings.get(name) if before is not None else None
        if carried is not None and name in openings and openings[name] != carried:
            raise InputError(f"--opening {name}: {period.before} was signed with a closing of {carried}")
        opening = carried if carried is not None else openings.get(name)
        said = f"signed closing of {period.before}" if carried is not None else "typed in"
        if opening is None:
            said = f"{period.before} is not signed; give --opening {name}=AMOUNT"
        accounts.append(
            Account(
                name=name,
                kind=kind,
                opening=opening,
                opening_from=said,
                stated_at_source=balances.get(name),
                is_only_one=sum(other == kind for other in wanted.values()) == 1,
            )
        )
    return tuple(accounts)
