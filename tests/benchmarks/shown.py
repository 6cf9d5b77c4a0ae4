"""The figures for people: a table, and a chart as SVG for the README."""

from __future__ import annotations

from html import escape

from tests.benchmarks.figures import Results, Row

_COLOURS = ("#1b6ca8", "#b5651d", "#6b8e23", "#7a5c8e")
_BAR, _GAP, _EDGE, _LEFT, _WIDTH = 18, 6, 12, 120, 430
_WORK = "ml-connector looks up first, reads back, writes back and keeps an audit trail; drt and dlt send only."


def text(results: Results) -> str:
    """Everything as text."""
    parts = []
    for scenario in dict.fromkeys(row.scenario for row in results.rows):
        rows = [row for row in results.rows if row.scenario == scenario]
        parts.append("\n".join([scenario, *_table(rows)]))
    goals = [f"{'met ' if goal.met else 'MISSED'}  {goal.text}: {_number(goal.found)}" for goal in results.goals]
    return "\n\n".join([*parts, "\n".join(goals), "\n".join(results.notes)]) + "\n"


def _table(rows: list[Row]) -> list[str]:
    names = list(rows[0].figures)
    cells = [["", *names], *([row.tool, *(_number(row.figures[name]) for name in names)] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(names) + 1)]
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if not place else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def svg(results: Results) -> str:
    """Records entered a second, by scenario and tool, as bars; the longest of a scenario is as long as the chart."""
    shown = [row for row in results.rows if "entered/s" in row.figures]
    tools = list(dict.fromkeys(row.tool for row in shown))
    parts, y = [_text(_EDGE, 26, "Bills entered a second", 'font-size="15" font-weight="bold"')], 56
    for scenario in dict.fromkeys(row.scenario for row in shown):
        rows = [row for row in shown if row.scenario == scenario]
        most = max(row.figures["entered/s"] for row in rows)
        parts.append(_text(_EDGE, y, f"{scenario} for every answer of the target", 'font-weight="bold"'))
        y += 10
        for row in rows:
            value = row.figures["entered/s"]
            colour = _COLOURS[tools.index(row.tool) % len(_COLOURS)]
            long = max(1, round(_WIDTH * value / most))
            middle = y + _BAR - 5
            parts.append(_text(_EDGE, middle, row.tool))
            parts.append(f'<rect x="{_LEFT}" y="{y}" width="{long}" height="{_BAR}" fill="{colour}"/>')
            parts.append(_text(_LEFT + long + 6, middle, _number(value)))
            y += _BAR + _GAP
        y += 24
    for line in (_WORK, *results.notes[-1:]):
        parts.append(_text(_EDGE, y, line, 'font-size="11" fill="#555"'))
        y += 16
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 80}" height="{y}" '
        'font-family="sans-serif" font-size="13" fill="#222">\n'
        '<rect width="100%" height="100%" fill="#fff"/>\n'
    )
    return head + "\n".join(parts) + "\n</svg>\n"


def _text(x: int, y: int, words: str, looks: str = "") -> str:
    return f'<text x="{x}" y="{y}"{looks and " "}{looks}>{escape(words)}</text>'
