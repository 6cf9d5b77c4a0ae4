"""Values out of a record, each of the kind the mapping asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.language.spec.model import FieldSpec, GroupSpec, Kind, MappingSpec
from engine.language.transform.select import SelectError, Selector
from engine.words.money import NotMoney, parse_money


class Waits(Exception):
    """The record must be held; carries the cause and the sentence."""

    def __init__(self, cause: str, reason: str) -> None:
        super().__init__(reason)
        self.cause = cause
        self.reason = reason


@dataclass(frozen=True, slots=True)
class UtcMoment:
    """A time whose book date depends on the company's zone, not known yet."""

    moment: datetime

    def in_zone(self, zone: ZoneInfo) -> date:
        """The date on the company's calendar.

        Raises:
            Waits: the calendar does not go so far.
        """
        try:
            return self.moment.astimezone(zone).date()
        except OverflowError:
            raise Waits("value_wrong", f"{self.moment:%Y-%m-%d %H:%M} is beyond the calendar") from None


def extract(spec: MappingSpec, payload: dict[str, Any], scope: dict[str, Any]) -> None:
    """Put a record's values into its scope: fields, and groups as lists of dicts.

    Raises:
        Waits: a value is missing, too long, or of the wrong kind; what can be read is in the scope even then,
            so that the amount of a record that waits is known.
    """
    waits: list[Waits] = []
    currency = _currency(spec, payload)
    for field in spec.fields:
        try:
            scope[field.name] = _value(field, payload, currency)
        except Waits as wait:
            waits.append(wait)
    for group in spec.groups:
        try:
            scope[group.name] = _items(group, payload, currency)
        except Waits as wait:
            waits.append(wait)
    if waits:
        raise waits[0]


def _items(group: GroupSpec, payload: dict[str, Any], currency: str | None) -> list[dict[str, Any]]:
    found = selected(group.each, payload)
    if found is not None and not isinstance(found, list):
        raise Waits("value_wrong", f"{group.each.text} is not a list")
    return [
        {field.name: _value(field, item, currency, of=f"{group.name}[{index}].") for field in group.fields}
        for index, item in enumerate(found or [])
    ]


def selected(path: Selector, payload: Any) -> Any:
    """What a path takes out of a record.

    Raises:
        Waits: the path does not fit the record.
    """
    try:
        return path(payload)
    except SelectError as error:
        raise Waits("value_wrong", error.sentence) from None


def is_missing(value: Any) -> bool:
    """Absent, null and empty text are all missing."""
    return value is None or (isinstance(value, str) and not value.strip())


def _currency(spec: MappingSpec, payload: dict[str, Any]) -> str | None:
    for field in spec.fields:
        if field.name == "currency":
            found = selected(field.path, payload)
            return found if isinstance(found, str) and found else None
    return None


def _value(field: FieldSpec, payload: Any, currency: str | None, of: str = "") -> Any:
    raw = selected(field.path, payload)
    if is_missing(raw):
        if field.optional:
            return None
        raise Waits("value_missing", f"{of}{field.name} is missing (at {field.path.text} of the record)")
    try:
        value = _CONVERSIONS[field.kind](raw, currency)
    except NotMoney as error:
        raise Waits("value_wrong", f"{of}{field.name}: {error}") from None
    except ValueError as error:
        raise Waits("value_wrong", f"{of}{field.name} is {raw!r}: {error}") from None
    if field.max_length is not None and len(str(value)) > field.max_length:
        told = f"{len(str(value))} characters, at most {field.max_length} can be sent"
        raise Waits("value_wrong", f"{of}{field.name} has {told}")
    return value


def _as_is(raw: Any, _currency: str | None) -> Any:
    if isinstance(raw, (dict, list)):
        raise ValueError("one value was expected, not an object or a list")  # noqa: TRY004 - told to a person
    return raw


def _text(raw: Any, _currency: str | None) -> str:
    if not isinstance(raw, (str, int, Decimal)) or isinstance(raw, bool):
        raise ValueError("text was expected")  # noqa: TRY004 - told to a person
    return str(raw).strip()


def _integer(raw: Any, _currency: str | None) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    text = str(raw).strip()
    if not text.isascii() or not text.lstrip("-").isdigit():
        raise ValueError("a whole number was expected")
    return int(text)


def _boolean(raw: Any, _currency: str | None) -> bool:
    if not isinstance(raw, bool):
        raise ValueError("true or false was expected")  # noqa: TRY004 - told to a person
    return raw


def _decimal(raw: Any, _currency: str | None) -> Decimal:
    try:
        number = Decimal(str(raw).strip())
    except ArithmeticError:
        raise ValueError("a number was expected") from None
    if isinstance(raw, bool) or not number.is_finite():
        raise ValueError("a number was expected")
    return number


def _moment(raw: Any) -> datetime:
    if not isinstance(raw, str):
        raise ValueError("a date was expected, as YYYY-MM-DD")  # noqa: TRY004 - told to a person
    try:
        return datetime.fromisoformat(raw.strip())
    except ValueError:
        raise ValueError("a date was expected, as YYYY-MM-DD or YYYY-MM-DDThh:mm:ss") from None


def _date(raw: Any, _currency: str | None) -> date:
    return _moment(raw).date()


def _book_date(raw: Any, _currency: str | None) -> date | UtcMoment:
    moment = _moment(raw)
    if moment.tzinfo is None and moment.time() == time(0, 0):
        return moment.date()
    return UtcMoment(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


_CONVERSIONS: Mapping[Kind, Callable[[Any, str | None], Any]] = {
    "as_is": _as_is,
    "text": _text,
    "integer": _integer,
    "boolean": _boolean,
    "decimal": _decimal,
    "money": parse_money,
    "date": _date,
    "book_date": _book_date,
}
