"""CSV that no spreadsheet takes for anything but text and numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.run.report_file import safe_cell
from engine.wire.masking import mask_links


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows as CSV with a header; a cell that begins like a formula gets an apostrophe in front.

    The query of a link, which may be signed, is masked.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([safe_cell(mask_links(row.get(column))) for column in columns])
    return text.getvalue()
