"""The control report for people: plain text, in the order in which a controller reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from engine.faces.commands.output import one_line
from engine.faces.commands.table import column, table_lines
from engine.run.reconciling.report import (
    BUCKETS,
    TIES,
    Compared,
    ControlReport,
    Count,
    InBase,
    Movement,
    RollForward,
    UsedCredit,
)
from engine.words.money import show_money

FINDINGS_MAX = 40
"""How many findings the text names; the other formats have all of them."""


def report_lines(report: ControlReport) -> Iterator[str]:
    """The report, line by line."""
    yield (
        f"ML-CONNECTOR  CONTROL REPORT   company {report.company}   period {report.period} "
        f"({report.first} to {report.last}, {report.zone})   {report.currency}   run {report.run_at}   "
        f"mappings {report.rules}"
    )
    for one in report.readings:
        told = "COMPLETE" if one.complete else f"UNKNOWN: {one_line(one.problem)}"
        yield f"read: {one.what}  {told} ({one.pages} pages, {one.rows:,} rows)"
    yield ""
    yield from _states(report)
    for letter, kind, title in (("B", "control", "CONTROL"), ("C", "clearing", "CLEARING")):
        for rolled in report.roll_forwards:
            if rolled.kind == kind:
                yield ""
                yield f"{letter}. {title} {rolled.account}"
                yield from _roll_forward(report, rolled)
    yield ""
    yield from _exposure(report)
    yield ""
    yield "E. BY ACCOUNT AND BY VENDOR: what differs"
    yield from _compared(report.by_account, "account")
    yield from _compared(report.by_vendor, "vendor")
    yield from _in_base(report)
    yield ""
    yield from _findings(report)
    yield ""
    yield from _result(report)


def _states(report: ControlReport) -> Iterator[str]:
    yield "A. EVERY SOURCE RECORD IN ONE STATE"
    if report.states is None:
        yield "   UNKNOWN: a side could not be read"
        return
    headings = [column("mapping"), column("cur"), column("Source n", right=True), column("amount", right=True)]
    shown = [name for name in BUCKETS if any(row.buckets[name].count for row in report.states)]
    for name in shown:
        headings += [column(f"{BUCKETS[name]} n", right=True), column("amount", right=True)]
    headings += [column("Check n", right=True), column("amount", right=True)]
    rows = []
    for row in report.states:
        cells: list[object] = [row.mapping, row.currency, *_count(row.source)]
        for name in shown:
            cells += _count(row.buckets[name])
        left, amount = row.check
        rows.append([*cells, left, f"{show_money(amount)}{' <<' if left or amount else ''}"])
    yield from table_lines(headings, rows, width=None)
    yield f"claimed by no mapping {report.unclaimed} {'OK' if report.unclaimed == 0 else '<<'}"
    if report.without_place:
        yield f"company or date not readable, so of any period: {report.without_place}, in the worklist"


def _count(count: Count) -> tuple[object, object]:
    amount = show_money(count.amount)
    return count.count, f"{amount} + {count.unknown} UNKNOWN" if count.unknown else amount


def _roll_forward(report: ControlReport, one: RollForward) -> Iterator[str]:
    yield _line("opening", one.opening, f"({one.opening_from})")
    yield from _moves(one.movements)
    yield _line("expected closing", one.expected)
    if one.kind == "control":
        yield _line(f"documents in {report.target}", one.documents)
    left, told = one.difference, "TIES" if not one.difference else "<<"
    yield _line(f"general ledger of {report.target}", one.in_gl, "" if one.in_gl is None else told)
    # Without the opening the closing is not known, and what moved in the period ties or does not all the same.
    yield _line("  difference", left, f"{told} in what moved" if one.in_gl is None else "", plain=True)
    if one.kind == "clearing":
        yield "  not yet in the general ledger:"
        yield from _moves(one.not_yet)
        yield _line(f"expected balance in {report.source}", one.expected_at_source)
        stated, expected = one.stated_at_source, one.expected_at_source
        told = "" if None in (stated, expected) else "TIES" if stated == expected else "<<"
        yield _line(f"balance in {report.source}, typed in", stated, told)


def _moves(moves: tuple[Movement, ...]) -> Iterator[str]:
    for one in moves:
        yield _line(f"  {one.what}", one.amount, plain=True)


def _line(what: str, amount: Decimal | None, note: str = "", *, plain: bool = False) -> str:
    shown = "UNKNOWN" if amount is None else show_money(amount) if plain else sided(amount)
    return f"   {one_line(what):<44} {shown:>22}   {note}".rstrip()


def sided(amount: Decimal) -> str:
    """A balance with its side, as accountants write it."""
    return f"{show_money(abs(amount))} {'Cr' if amount < 0 else 'Dr'}"


def _exposure(report: ControlReport) -> Iterator[str]:
    one = report.exposure
    if one is None:
        yield "D. EXPOSURE  UNKNOWN: a side could not be read"
        return
    oldest = f" (oldest payment {one.oldest})" if one.oldest else ""
    yield "D. EXPOSURE, as of now and of every period"
    paid, unlocked = counts_text(one.paid_and_open), counts_text(one.unlocked)
    yield f"   {f'paid in {report.source}, open in {report.target}':<44} {paid}{oldest}"
    yield f"   {f'not locked: {report.target} could pay it again':<44} {unlocked}{' <<' if one.unlocked else ''}"
    yield f"   {f'credits used in {report.source}, open in {report.target}':<44} {len(one.used_credits)}"
    yield from (f"      {line}" for line in credit_lines(one.used_credits))


def credit_lines(used: Iterable[UsedCredit]) -> Iterator[str]:
    """Each used credit with what is open of it: to be applied in the target by people."""
    for one in used:
        yield one_line(f"{one.what}  {show_money(one.balance)} {one.currency}  used for {', '.join(one.used_for)}")


def counts_text(counts: Mapping[str, Count]) -> str:
    """Numbers and amounts by currency: `9 / 12,570.00 USD`."""
    shown = []
    for currency, count in sorted(counts.items()):
        number, amount = _count(count)
        shown.append(f"{number} / {amount} {currency}")
    return ", ".join(shown) or "0"


def _compared(rows: tuple[Compared, ...] | None, what: str) -> Iterator[str]:
    if rows is None:
        yield f"   by {what}: UNKNOWN"
        return
    differing = [row for row in rows if row.difference]
    if not differing:
        yield f"   by {what}: {len(rows)} lines, no difference"
        return
    cells = [
        (one_line(row.what), show_money(row.expected), show_money(row.there), show_money(row.difference))
        for row in differing
    ]
    headings = (column(what), *(column(name, right=True) for name in ("source", "in GL", "difference")))
    yield from table_lines(headings, cells, width=None)


def _in_base(report: ControlReport) -> Iterator[str]:
    """Other currencies: each document whose base amount differs, for the two systems take their own rates."""
    if report.in_base is None:
        yield f"   in {report.currency}, of other currencies: UNKNOWN"
        return
    telling = [one for one in report.in_base if one.difference != 0]
    counts = f"{len(report.in_base)} documents, {len(telling)} differ by rate"
    yield f"   in {report.currency}, of other currencies: {counts}"
    headings = [column("document"), *(column(name, right=True) for name in BASE_COLUMNS)]
    if telling:
        yield from table_lines(headings, [in_base_cells(one) for one in telling], width=None)


BASE_COLUMNS = ("amount", "source", "target", "difference")


def in_base_cells(one: InBase) -> tuple[str, ...]:
    """A document in another currency, as one row of `document` and `BASE_COLUMNS`."""
    amounts = (one.at_source, one.at_target, one.difference)
    shown = ("UNKNOWN" if amount is None else show_money(amount) for amount in amounts)
    amount = "UNKNOWN" if one.amount is None else f"{show_money(one.amount)} {one.currency}"
    return (one_line(one.reference), amount, *shown)


def _findings(report: ControlReport) -> Iterator[str]:
    if not report.findings:
        return
    yield "what does not tie:"
    largest = sorted(report.findings, key=lambda one: -abs(one.amount or Decimal(0)))
    for one in largest[:FINDINGS_MAX]:
        amount = "UNKNOWN" if one.amount is None else f"{show_money(one.amount)} {one.currency}"
        yield f"   {amount:>22}  {one.kind}: {one_line(one.sentence)}"
    if len(largest) > FINDINGS_MAX:
        yield f"   and {len(largest) - FINDINGS_MAX} more: --format csv has all of them"


def _result(report: ControlReport) -> Iterator[str]:
    if report.unknown:
        yield "what is not known, so that the report cannot tie:"
        yield from (f"   {one_line(one)}" for one in report.unknown)
        yield ""
    yield result_line(report)
    yield "Prepared ____________ AP manager   __________        Approved ____________ controller   __________"


def result_line(report: ControlReport) -> str:
    """The last word."""
    told = f"RESULT: {report.verdict}"
    if report.findings and report.verdict != TIES:
        count = len(report.findings)
        told += f"  {show_money(report.amount)} {report.currency} ({count} item{'' if count == 1 else 's'})"
    return f"{told}  exit {report.exit_code}"
