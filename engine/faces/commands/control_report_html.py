"""The control report as one HTML file to be printed: nothing is loaded from elsewhere, every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape

from engine.faces.commands.control_report_text import (
    BASE_COLUMNS,
    counts_text,
    credit_lines,
    in_base_cells,
    result_line,
    sided,
)
from engine.faces.commands.output import one_line
from engine.run.reconciling.report import BUCKETS, Compared, ControlReport, Count, Movement, RollForward
from engine.words.money import show_money

_STYLE = """
@page { size: landscape; margin: 12mm }
body { font: 10pt/1.35 system-ui, sans-serif; color: #111; margin: 2em auto; max-width: 75em }
h1 { font-size: 15pt } h2 { font-size: 11pt; margin: 1.4em 0 .3em }
table { border-collapse: collapse; page-break-inside: auto } tr { page-break-inside: avoid }
th, td { padding: .15em .6em; border-bottom: 1px solid #ccc; text-align: left; vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.result { font-weight: bold; font-size: 12pt; border: 2px solid #111; padding: .4em .8em; display: inline-block }
.sign { margin-top: 3em }
"""

_SIGNATURES = (
    '<p class="sign">Prepared ______________ AP manager &nbsp; ________ &emsp; '
    "Approved ______________ controller &nbsp; ________</p>"
)


def report_html(report: ControlReport) -> str:
    """The whole page."""
    title = f"Control report {report.company} {report.period}"
    head = (
        f"{report.first} to {report.last}, {report.zone}, {report.currency}; run {report.run_at}; "
        f"mappings {report.rules}"
    )
    parts = [
        f'<h1>{_text(title)}</h1><p>{_text(head)}</p><p class="result">{_text(result_line(report))}</p>',
        _section(
            "Read", ("what", "", "pages", "rows"), [_read(report, index) for index in range(len(report.readings))]
        ),
        _states(report),
        *(_rolled(report, one) for one in report.roll_forwards),
        _exposure(report),
        _compared("E. By account: what differs", report.by_account),
        _compared("E. By vendor: what differs", report.by_vendor),
        _in_base(report),
        _findings(report),
        _section("What is not known, so that the report cannot tie", (), [(one,) for one in report.unknown])
        if report.unknown
        else "",
        f'<p class="result">{_text(result_line(report))}</p>',
        _SIGNATURES,
    ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def _read(report: ControlReport, index: int) -> tuple[str, str, str, str]:
    one = report.readings[index]
    told = "COMPLETE" if one.complete else f"UNKNOWN: {one.problem}"
    return one.what, told, str(one.pages), f"{one.rows:,}"


def _states(report: ControlReport) -> str:
    title = "A. Every source record in one state"
    if report.states is None:
        return _section(title, (), [("UNKNOWN: a side could not be read",)])
    shown = [name for name in BUCKETS if any(row.buckets[name].count for row in report.states)]
    headings = ["mapping", "currency", "Source", "amount"]
    for name in shown:
        headings += [BUCKETS[name], "amount"]
    headings += ["Check", "amount"]
    rows = []
    for row in report.states:
        cells = [row.mapping, row.currency, *_count(row.source)]
        for name in shown:
            cells += _count(row.buckets[name])
        left, amount = row.check
        rows.append((*cells, str(left), f"{show_money(amount)}{' <<' if left or amount else ''}"))
    unclaimed = (
        f"<p>claimed by no mapping: {report.unclaimed} {'OK' if report.unclaimed == 0 else '&lt;&lt;'}; "
        f"company or date not readable, so of any period: {report.without_place}</p>"
    )
    return _section(title, headings, rows) + unclaimed


def _count(count: Count) -> tuple[str, str]:
    unknown = f" + {count.unknown} UNKNOWN" if count.unknown else ""
    return str(count.count), f"{show_money(count.amount)}{unknown}"


def _rolled(report: ControlReport, one: RollForward) -> str:
    letter = "B. Control" if one.kind == "control" else "C. Clearing"
    rows = [("opening", _sided(one.opening), one.opening_from), *_moves(one.movements)]
    rows.append(("expected closing", _sided(one.expected), ""))
    if one.kind == "control":
        rows.append((f"documents in {report.target}", _sided(one.documents), ""))
    left, told = one.difference, "TIES" if not one.difference else "<<"
    rows.append((f"general ledger of {report.target}", _sided(one.in_gl), "" if one.in_gl is None else told))
    rows.append(("difference", show_money(left), f"{told} in what moved" if one.in_gl is None else ""))
    if one.kind == "clearing":
        rows += [(f"not yet in the general ledger: {what}", amount, "") for what, amount, _ in _moves(one.not_yet)]
        rows.append((f"expected balance in {report.source}", _sided(one.expected_at_source), ""))
        stated, expected = one.stated_at_source, one.expected_at_source
        told = "" if None in (stated, expected) else "TIES" if stated == expected else "<<"
        rows.append((f"balance in {report.source}, typed in", _sided(stated), told))
    return _section(f"{letter} {one.account}", (), rows)


def _moves(moves: Iterable[Movement]) -> list[tuple[str, str, str]]:
    return [(one.what, "UNKNOWN" if one.amount is None else show_money(one.amount), "") for one in moves]


def _sided(amount: Decimal | None) -> str:
    return "UNKNOWN" if amount is None else sided(amount)


def _exposure(report: ControlReport) -> str:
    one = report.exposure
    if one is None:
        return _section("D. Exposure", (), [("UNKNOWN: a side could not be read",)])
    rows = [
        (f"paid in {report.source}, open in {report.target}", counts_text(one.paid_and_open)),
        ("oldest of these payments", one.oldest or "none"),
        (
            f"not locked: {report.target} could pay it again",
            f"{counts_text(one.unlocked)}{' <<' if one.unlocked else ''}",
        ),
        (
            f"credits used in {report.source}, open in {report.target}",
            "; ".join(credit_lines(one.used_credits)) or "0",
        ),
    ]
    return _section("D. Exposure, as of now and of every period", (), rows)


def _compared(title: str, rows: tuple[Compared, ...] | None) -> str:
    if rows is None:
        return _section(title, (), [("UNKNOWN",)])
    differing = [
        (one.what, show_money(one.expected), show_money(one.there), show_money(one.difference))
        for one in rows
        if one.difference
    ]
    if not differing:
        return _section(title, (), [(f"{len(rows)} lines, no difference",)])
    return _section(title, ("", "source", "in GL", "difference"), differing)


def _findings(report: ControlReport) -> str:
    if not report.findings:
        return ""
    rows = [
        (one.kind, "UNKNOWN" if one.amount is None else f"{show_money(one.amount)} {one.currency}", one.sentence)
        for one in sorted(report.findings, key=lambda one: -abs(one.amount or Decimal(0)))
    ]
    return _section("What does not tie", ("kind", "amount", "what"), rows)


def _in_base(report: ControlReport) -> str:
    title = f"E. In {report.currency}, of other currencies: the two systems take their own rates"
    rows = [("UNKNOWN",)] if report.in_base is None else [in_base_cells(one) for one in report.in_base]
    return _section(title, ("document", *BASE_COLUMNS) if report.in_base else (), rows)


def _section(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    first = rows[0] if rows else ()
    marks = [
        ' class="n"' if index < len(first) and _is_number(first[index]) else "" for index in range(len(headings))
    ]
    cells = "".join(f"<th{mark}>{_text(one)}</th>" for one, mark in zip(headings, marks, strict=True))
    head = f"<thead><tr>{cells}</tr></thead>" if headings else ""
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    return f"<h2>{_text(title)}</h2><table>{head}{body}</table>"


def _cell(text: str) -> str:
    return f'<td class="n">{_text(text)}</td>' if _is_number(text) else f"<td>{_text(text)}</td>"


def _is_number(text: str) -> bool:
    """An amount or a number, also with its side or currency behind it."""
    return text[:1].isdigit() or (text[:1] == "-" and text[1:2].isdigit()) or text == "UNKNOWN"


def _text(text: str) -> str:
    return escape(one_line(text))
