"""What `.`, `[ ]`, `+ - * ~`, comparisons and `in` do; every operator of an expression ends here.

Values of different kinds are never compared or joined silently: text against a number is an error with a
sentence, because a silent False would code an invoice to the wrong account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, DecimalException
from typing import Any, NoReturn

from jinja2 import StrictUndefined, TemplateRuntimeError

from engine.language.transform.exact import DIGITS_MAX, EXACT
from engine.language.transform.failure import TransformError

TEXT_LENGTH_MAX = 100_000
LIST_LENGTH_MAX = 10_000

SHORT = frozenset({type(None), bool, int, Decimal, date, dict})
"""Types whose values are known and never too long."""

_SAME = frozenset({type(None), bool, int, Decimal, str, date})
"""Types whose values may be compared with each other as they are."""

_WHOLE_MAX = 10**DIGITS_MAX


class NotKnown(TransformError, TemplateRuntimeError):
    """What Jinja's undefined values raise, as one of ours."""

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or "a value is not known")


class Unknown(StrictUndefined):
    """A name or key that is not there; using it raises NotKnown.

    `optional` is true for a key (which `is missing` and `default` accept) and false for a name, which is
    always a mistake.
    """

    __slots__ = ("optional", "sentence")

    def __init__(self, *, name: str = "", sentence: str = "", optional: bool = False) -> None:
        self.sentence = sentence or f"{name} is not known"
        self.optional = optional
        super().__init__(hint=self.sentence, name=name, exc=NotKnown)

    def fail(self) -> NoReturn:
        """Say what is not known."""
        raise NotKnown(self.sentence)


def refuse_unknown(value: Any) -> None:
    """Raise when the value is a name or key that is not there."""
    if isinstance(value, Unknown):
        value.fail()


def is_number(value: Any) -> bool:
    """Whether the value is a whole number or a Decimal; true and false are not numbers."""
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def kind_of(value: Any) -> str:
    """The kind of a value in words, as it reads after 'is'."""
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (type(None), "empty"),
        (bool, "true or false"),
        (int, "a whole number"),
        (Decimal, "an amount"),
        (str, "text"),
        (date, "a date"),
        ((list, tuple), "a list"),
        (Mapping, "an object"),
    )
    return next((words for kind, words in kinds if isinstance(value, kind)), f"a {type(value).__name__}")


def check_size(value: Any) -> Any:
    """Hand the value on, unless it is longer than any document needs."""
    if isinstance(value, str):
        if len(value) > TEXT_LENGTH_MAX:
            raise TransformError(f"a text of {len(value)} characters; {TEXT_LENGTH_MAX} are the most")
    elif isinstance(value, (list, tuple)) and len(value) > LIST_LENGTH_MAX:
        raise TransformError(f"a list of {len(value)} items; {LIST_LENGTH_MAX} are the most")
    return value


def read_key(value: Any, key: str, words: str) -> Any:
    """`value.key`; only ever a key of an object, so that a field named `items` is a field."""
    if isinstance(value, (dict, Mapping)):
        found = value.get(key, _ABSENT)
        return found if found is not _ABSENT else _no_key(words, key)
    if isinstance(value, Unknown):
        return value
    if value is None:
        return Unknown(sentence=f"{words} is empty, so {_dotted(words, key)} is not known", optional=True)
    hint = ", of which one item is meant: see first" if isinstance(value, (list, tuple)) else ""
    raise TransformError(f"{words} is {kind_of(value)} and has no field {key}{hint}")


def read_item(value: Any, index: int | str, words: str) -> Any:
    """`value[0]` of a list or `value['key']` of an object."""
    if isinstance(index, str):
        return read_key(value, index, words)
    if isinstance(value, (list, tuple)):
        if -len(value) <= index < len(value):
            return value[index]
        return Unknown(sentence=f"{words} has {len(value)} items and no item [{index}]", optional=True)
    if isinstance(value, Unknown):
        return value
    if value is None:
        return Unknown(sentence=f"{words} is empty and has no item [{index}]", optional=True)
    raise TransformError(f"{words} is {kind_of(value)}, and only a list has items by number")


def arithmetic(left: Any, sign: str, right: Any, left_words: str, right_words: str) -> int | Decimal:
    """`left + right`, `-` or `*`, exactly; whole numbers and amounts only."""
    for value, words in ((left, left_words), (right, right_words)):
        refuse_unknown(value)
        if not is_number(value):
            hint = "; ~ joins text" if sign == "+" and isinstance(value, str) else ""
            raise TransformError(f"{words} is {kind_of(value)}, and {sign} wants a number{hint}")
    if isinstance(left, int) and isinstance(right, int):
        whole = left + right if sign == "+" else left - right if sign == "-" else left * right
        if abs(whole) >= _WHOLE_MAX:
            raise TransformError(f"{left_words} {sign} {right_words} has more than {DIGITS_MAX} digits")
        return whole
    operation = _EXACTLY[sign]
    try:
        result = operation(Decimal(left), Decimal(right))
    except DecimalException as error:
        sentence = f"{left_words} {sign} {right_words} has more than {DIGITS_MAX} digits"
        raise TransformError(sentence) from error
    return result if result else result.copy_abs()


def negative(value: Any, words: str) -> int | Decimal:
    """`-value`."""
    refuse_unknown(value)
    if not is_number(value):
        raise TransformError(f"{words} is {kind_of(value)}, and - wants a number")
    return turned(value)


def turned(number: int | Decimal) -> int | Decimal:
    """The number with its sign turned; zero has none."""
    if number == 0:
        return number
    return number.copy_negate() if isinstance(number, Decimal) else -number


def as_text(value: Any, words: str) -> str:
    """The text that a value has inside text; only text and whole numbers have one."""
    if isinstance(value, str):
        return value
    refuse_unknown(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, Decimal):
        raise TransformError(f"{words} is money, which text may not hold: use format_money")
    if isinstance(value, date):
        raise TransformError(f"{words} is a date, which text may not hold: use format_date")
    if value is None:
        raise TransformError(f"{words} is empty, which text may not hold: use default('')")
    raise TransformError(f"{words} is {kind_of(value)}, which text may not hold")


def join_text(first: Any, words: tuple[str, ...], *others: Any) -> str:
    """`a ~ b ~ c`."""
    parts = [as_text(value, name) for value, name in zip((first, *others), words, strict=True)]
    return str(check_size("".join(parts)))


def equal(left: Any, right: Any, left_words: str, right_words: str) -> bool:
    """`left == right`; nothing equals only nothing, and different kinds are an error."""
    if type(left) is type(right) and type(left) in _SAME:  # as codes are: what is asked most
        return bool(left == right)
    refuse_unknown(left)
    refuse_unknown(right)
    if left is None or right is None:
        return left is right
    if _family(left) != _family(right):
        raise TransformError(
            f"{left_words} is {kind_of(left)} and {right_words} is {kind_of(right)}: they cannot be compared"
        )
    return bool(left == right)


def unequal(left: Any, right: Any, left_words: str, right_words: str) -> bool:
    """`left != right`."""
    return not equal(left, right, left_words, right_words)


def ordered(left: Any, sign: str, right: Any, left_words: str, right_words: str) -> bool:
    """`left < right` and its like; numbers, texts or dates."""
    refuse_unknown(left)
    refuse_unknown(right)
    family, other = _family(left), _family(right)
    for value, kind, words in ((left, family, left_words), (right, other, right_words)):
        if kind not in ("number", "text", "date"):
            raise TransformError(f"{words} is {kind_of(value)}, which {sign} cannot compare")
    if family != other:
        raise TransformError(
            f"{left_words} is {kind_of(left)} and {right_words} is {kind_of(right)}: they cannot be compared"
        )
    return _ORDERS[sign](left, right)


def contained(value: Any, group: Any, words: str, group_words: str) -> bool:
    """`value in group`: an item of a list, a part of a text, a key of an object."""
    refuse_unknown(value)
    refuse_unknown(group)
    if isinstance(group, (list, tuple)):
        called = f"an item of {group_words}"
        for item in group:  # noqa: SIM110  a generator would cost as much as all the rest
            if equal(value, item, words, called):
                return True
        return False
    if isinstance(group, (str, Mapping)):
        if value is None:
            return False
        if not isinstance(value, str):
            raise TransformError(f"{words} is {kind_of(value)}, which is never in {kind_of(group)}")
        return value in group
    raise TransformError(f"{group_words} is {kind_of(group)}, and in wants a list")


def not_contained(value: Any, group: Any, words: str, group_words: str) -> bool:
    """`value not in group`."""
    return not contained(value, group, words, group_words)


def _no_key(words: str, key: str) -> Unknown:
    return Unknown(sentence=f"{_dotted(words, key)} is not known", optional=True)


def _dotted(words: str, key: str) -> str:
    return f"{words}.{key}"


def _family(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, (int, Decimal)):
        return "number"
    if isinstance(value, (list, tuple)):
        return "list"
    return "date" if isinstance(value, date) else "object" if isinstance(value, Mapping) else "other"


_ABSENT = object()
_EXACTLY: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": EXACT.add,
    "-": EXACT.subtract,
    "*": EXACT.multiply,
}
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
}
