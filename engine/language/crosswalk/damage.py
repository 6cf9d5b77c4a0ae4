"""What spreadsheets do to codes, and how it is recognised: 0010 becomes 10, 6100 becomes 6100.0 or 1-Jun.

`mended` repairs what can be repaired for certain; `damage_of` names what cannot, because a code that is
guessed would book to the wrong account.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_SPACES = " \t\r\n\u00a0\u2007\u202f\u200b\ufeff\u3000"
_MONTHS = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|mai|okt|dez|"
    "january|february|march|april|june|july|august|september|october|november|december"
)
_WRAPPED = re.compile(
    "[\u201c\u201d\u201e\u00ab\u2018\u2019](?P<inner>[^\u201c\u201d]*)[\u201c\u201d\u00bb\u2019\u2018]"
)
_FORMULA_TEXT = re.compile(r'="(?P<inner>[^"]*)"')

_ERROR = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|NV|BEZUG!|WERT!|#+)", re.IGNORECASE)
_TRAILING_ZERO = re.compile(r"-?(?P<whole>\d+)[.,]0+", re.ASCII)
_SCIENTIFIC = re.compile(r"\d+([.,]\d+)?E[+-]?\d{1,3}", re.IGNORECASE | re.ASCII)
_THOUSANDS = re.compile(r"\d{1,3}(?P<mark>[,'\u2019\u00a0\u202f ])\d{3}((?P=mark)\d{3})*(\.\d+)?", re.ASCII)
_THOUSANDS_BY_POINT = re.compile(r"\d{1,3}(\.\d{3})+", re.ASCII)
_DATES = (
    re.compile(rf"\d{{1,2}}[-. ]{{1,2}}({_MONTHS})\.?([-. ]\d{{2,4}})?", re.IGNORECASE | re.ASCII),
    re.compile(rf"({_MONTHS})[-. ]\d{{1,4}}", re.IGNORECASE | re.ASCII),
    re.compile(r"(19|20)\d{2}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?", re.ASCII),
    re.compile(r"\d{1,2}/\d{1,2}/\d{2,4}( \d{1,2}:\d{2}(:\d{2})?( [AP]M)?)?", re.IGNORECASE | re.ASCII),
)


def mended(text: str) -> tuple[str, str]:
    """The text of a cell as it was meant, and what was mended in words; no words when nothing was.

    Spaces of every kind around it, curly quotes around it, Excel's ="…" and its leading apostrophe go.
    """
    if text.isalnum() or not text:
        return text, ""
    trimmed = text.strip(_SPACES)
    wrapped = _FORMULA_TEXT.fullmatch(trimmed) or _WRAPPED.fullmatch(trimmed)
    if wrapped:
        return wrapped["inner"].strip(_SPACES), "quotes around it"
    if len(trimmed) > 1 and trimmed[0] in "'\u2019" and trimmed[-1] not in "'\u2019":
        return trimmed[1:].strip(_SPACES), "an apostrophe before it"
    return trimmed, "" if trimmed == text else "spaces around it"


def damage_of(text: str, separator: str = ",") -> tuple[str, str]:
    """What a spreadsheet has done to a code and what to do about it; empty texts when nothing is seen."""
    if text.isdigit() or text.isalpha():
        return "", ""
    whole = _TRAILING_ZERO.fullmatch(text)
    if _ERROR.fullmatch(text):
        return f"{text} is an error value of a spreadsheet", "mend the formula there, and save again"
    if whole:
        return f"{text} is a number where a code is meant", f"write {whole['whole']}"
    if _SCIENTIFIC.fullmatch(text):
        return f"{text} is a number that a spreadsheet shortened", "format the column as text, type it again"
    by_point = separator == ";" and _THOUSANDS_BY_POINT.fullmatch(text)
    if by_point or _THOUSANDS.fullmatch(text):
        return f"{text} has thousands separators", f"write {re.sub('[^0-9]', '', text)}"
    if any(date.fullmatch(text) for date in _DATES):
        hint = "format the column as text, type the code again"
        return f"{text} is a date that a spreadsheet made of a code", hint
    return "", ""


def sound_shapes(codes: Iterable[str], separator: str) -> frozenset[str]:
    """The shapes of the codes that show no damage: 6100-10-00 says that 2010-10-10 is no date either."""
    return frozenset(shape_of(code) for code in codes if not damage_of(code, separator)[0])


def shape_of(code: str) -> str:
    """The code with every digit as 9."""
    return re.sub("[0-9]", "9", code)


def is_error_value(text: str) -> bool:
    """Whether the cell holds what a spreadsheet shows for a formula that failed."""
    return _ERROR.fullmatch(text) is not None


def width_of_codes(codes: Collection[str]) -> int | None:
    """The width that a column's codes have, when they are numbers of one width and some begin with 0.

    A few shorter ones, fewer than half and without zeros of their own, may be among them: those are the
    ones that lost theirs.
    """
    numbers = [code for code in codes if code.isascii() and code.isdigit()]
    zeros = [code for code in numbers if _has_zeros(code)]
    if not zeros:
        return None
    width = len(zeros[0])
    full = sum(1 for code in numbers if len(code) == width)
    regular = all(len(code) == width for code in zeros) and all(len(code) <= width for code in numbers)
    return width if regular and full >= 2 and 2 * (len(numbers) - full) < len(numbers) else None


def _has_zeros(code: str) -> bool:
    return len(code) > 1 and code[0] == "0" and code.isascii() and code.isdigit()
