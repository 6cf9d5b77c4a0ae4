"""The control report as one HTML file to be printed: nothing is loaded from elsewhere, every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape

from engine.faces.commands.control_report_text import counts_text, result_line, sided
from engine.faces.commands.output import one_line
from engine.run.reconciling.report import BUCKETS, Compared, ControlReport, Count, Movement, RollForward
from engine.words.money import show_money

_STYLE = """
@page { size: A4 landscape; margin: 12mm }
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
        f"<h1>{_text(title)}</h1><p>{_text(head)}</p>",
        _section(
            "Read", ("what", "", "pages", "rows"), [_read(report, index) for index in range(len(report.readings))]
        ),
        _states(report),
        *(_rolled(one) for one in report.roll_forwards),
        _exposure(report),
        _compared("E. By account: what differs", report.by_account),
        _compared("E. By vendor: what differs", report.by_vendor),
        _findings(report),
        "".join(f"<p>UNKNOWN: {_text(one)}</p>" for one in report.unknown),
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
    headings = ["mapping", "currency", "Source", ""]
    for name in BUCKETS.values():
        headings += [name, ""]
    headings += ["Check", ""]
    rows = []
    for row in report.states:
        cells = [row.mapping, row.currency, *_count(row.source)]
        for name in BUCKETS:
            cells += _count(row.buckets[name])
        rows.append((*cells, str(row.check[0]), show_money(row.check[1])))
    unclaimed = (
        f"<p>claimed by no mapping: {report.unclaimed}; company or date not readable: {report.without_place}</p>"
    )
    return _section(title, headings, rows) + unclaimed


def _count(count: Count) -> tuple[str, str]:
    unknown = f" + {count.unknown} UNKNOWN" if count.unknown else ""
    return str(count.count), f"{show_money(count.amount)}{unknown}"


def _rolled(one: RollForward) -> str:
    letter = "B. Control" if one.kind == "control" else "C. Clearing"
    rows = [("opening", _sided(one.opening), one.opening_from), *_moves(one.movements)]
    rows.append(("expected closing", _sided(one.expected), ""))
    if one.kind == "control":
        rows.append(("target's documents", _sided(one.documents), ""))
    left = one.difference
    rows.append(("target's general ledger", _sided(one.in_gl), "TIES" if not left else "<<"))
    rows.append(("difference", show_money(left), ""))
    if one.kind == "clearing":
        rows += _moves(one.not_yet)
        rows.append(("expected balance at the source", _sided(one.expected_at_source), ""))
        rows.append(("source's balance, typed in", _sided(one.stated_at_source), ""))
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
        ("paid at the source, open at the target", counts_text(one.paid_and_open)),
        ("oldest of these payments", one.oldest or "none"),
        ("not locked: the target could pay it again", counts_text(one.unlocked)),
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
    return _section(title, ("", "source", "in GL", "difference"), differing or [(f"{len(rows)} lines, none",)])


def _findings(report: ControlReport) -> str:
    if not report.findings:
        return ""
    rows = [
        (one.kind, "UNKNOWN" if one.amount is None else f"{show_money(one.amount)} {one.currency}", one.sentence)
        for one in sorted(report.findings, key=lambda one: -abs(one.amount or Decimal(0)))
    ]
    return _section("What does not tie", ("kind", "amount", "what"), rows)


def _section(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = f"<tr>{''.join(f'<th>{_text(one)}</th>' for one in headings)}</tr>" if headings else ""
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    return f"<h2>{_text(title)}</h2><table>{head}{body}</table>"


def _cell(text: str) -> str:
    number = text[:1].isdigit() or (text[:1] == "-" and text[1:2].isdigit())
    return f'<td class="n">{_text(text)}</td>' if number else f"<td>{_text(text)}</td>"


def _text(text: str) -> str:
    return escape(one_line(text))
