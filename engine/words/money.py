"""Amounts of money: Decimal, exact, rounded only where a rule is named."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation

DIGITS_MAX = 18

_MINOR_DIGITS = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
_SCALES = {digits: Decimal(1).scaleb(-digits) for digits in {2, *_MINOR_DIGITS.values()}}

ROUNDINGS = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}


class NotMoney(ValueError):
    """The text is not an amount; the message says why."""


def minor_digits(currency: str) -> int:
    """Digits after the point of a currency (ISO 4217): 2 unless listed otherwise."""
    return _MINOR_DIGITS.get(currency.upper(), 2)


def amount_of(value: object) -> Decimal | None:
    """A number of JSON as an exact amount; None for anything else, true and false included."""
    return Decimal(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else None


def parse_money(value: object, currency: str | None = None) -> Decimal:
    """An exact amount from a JSON string or number, in major units, at the currency's scale.

    Raises:
        NotMoney: not a number, not finite, too many digits, or more decimals than the currency has.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise NotMoney(f"{value!r} is not an amount")
    text = value.strip() if isinstance(value, str) else str(value)
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise NotMoney(f"{text!r} is not an amount") from None
    if not amount.is_finite() or "_" in text or not text.isascii():
        raise NotMoney(f"{text!r} is not an amount")
    if isinstance(value, str) and ("e" in text or "E" in text):
        raise NotMoney(f"{text!r} has an exponent; an amount is written out")
    # A text that is no longer has no more digits either, and most are not: counting them costs more.
    too_many = len(text) > DIGITS_MAX and len(amount.as_tuple().digits) > DIGITS_MAX
    if too_many or abs(amount.adjusted()) > DIGITS_MAX:
        raise NotMoney(f"{text!r} has more than {DIGITS_MAX} digits")
    digits = minor_digits(currency) if currency else 2
    exact = amount.quantize(_SCALES[digits])
    if exact != amount:
        raise NotMoney(f"{text} has more than {digits} decimals")
    return exact + 0  # -0.00 becomes 0.00


def round_money(amount: Decimal, currency: str, rule: str) -> Decimal:
    """The amount at its currency's scale by a named rule, `half_up` or `half_even`.

    Raises:
        KeyError: there is no rule of that name.
    """
    return amount.quantize(_SCALES[minor_digits(currency)], rounding=ROUNDINGS[rule])


def show_money(amount: Decimal) -> str:
    """The amount for a person: thousands separated, at least two decimals."""
    digits = max(2, -int(amount.as_tuple().exponent))
    return f"{amount:,.{digits}f}"
