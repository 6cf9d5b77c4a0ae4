"""The file that `mode: report` leaves for a person to import."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.language.spec.report_model import ReportSpec

_BEGINS = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
"""What a spreadsheet takes for the beginning of a formula, the wide forms of East Asian text too."""
_CUT = re.compile(r"([;|\t] *)(?=[=+@\uff1d\uff0b\uff0d\uff20]|-[^0-9])")


def write_report(folder: Path, report: ReportSpec, bodies: Sequence[Any]) -> Path:
    """Write the documents' bodies as CSV, replacing the file of the run before in one step."""
    path = folder / report.file
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(report.columns)
    for body in bodies:
        writer.writerow([safe_cell(body.get(column)) for column in report.columns])
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.write_text(text.getvalue(), encoding="utf-8", newline="")
    fresh.replace(path)
    return path


def safe_cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    is_formula = text[:1] in _BEGINS and not _is_number(text)
    # A lone carriage return is not quoted by the csv module, and would begin a new row.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Where the list separator is another one, a cell may be cut there.
    text = _CUT.sub(r"\1'", text)
    return f"'{text}" if is_formula else text


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-][0-9]+(\.[0-9]+)?", text) is not None
