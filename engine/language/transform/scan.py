"""The words of an expression with their positions: which names it uses, and what it may not use.

Jinja's parser keeps no columns, so names and friendly refusals are told from the words; what an expression
may be made of is decided once more, for certain, from its parsed form in `expression`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jinja2 import TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.language.transform.filters import FILTERS, TESTS
from engine.words.problem import did_you_mean

WORDS_MAX = 400
BRACKETS_MAX = 20
NUMBER_LENGTH_MAX = 40
DIGITS_EXACT_MAX = 15

KEYWORDS = frozenset({"and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False", "None"})
_REFUSED = {
    "/": "division does not keep cents; an amount is rounded by name, with round_money",
    "//": "there is no division",
    "%": "there is no division",
    "**": "multiply with *",
    "{": "there are no maps inside an expression; a body is written in YAML",
    "}": "",
    ":": "a part of a text is taken with left(3) or right(3)",
    ";": "",
}


class Refused(Exception):
    """An expression cannot be read or uses what the language does not have; `offset` says where."""

    def __init__(self, offset: int, code: str, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.offset, self.code, self.sentence, self.hint = offset, code, sentence, hint


@dataclass(frozen=True, slots=True)
class Word:
    """One word of an expression: its kind as Jinja's lexer names it, its text, and where it begins."""

    kind: str
    text: str
    offset: int

    def is_sign(self, *signs: str) -> bool:
        """Whether this is one of the given operators."""
        return self.kind == "operator" and self.text in signs

    @property
    def is_name(self) -> bool:
        """Whether this word names something, so is neither a keyword nor a constant."""
        return self.kind == "name" and self.text not in KEYWORDS


@dataclass(frozen=True, slots=True)
class Use:
    """A name with the keys read from it; list positions are left out."""

    path: tuple[str, ...]
    offset: int


def words_of(source: str, environment: ImmutableSandboxedEnvironment) -> tuple[Word, ...]:
    """The words of an expression without its spaces.

    Raises:
        Refused: a character no expression has, or more words than an expression needs.
    """
    words: list[Word] = []
    offset = 0
    try:
        for _, kind, text in environment.lexer.tokeniter(source, None, None, "variable"):
            if kind != "whitespace":
                words.append(Word(kind, text, offset))
            offset += len(text)
    except TemplateSyntaxError as error:
        offset += len(source[offset:]) - len(source[offset:].lstrip())
        raise Refused(min(offset, len(source)), "E202", _readable(error.message)) from error
    if not words:
        raise Refused(0, "E202", "nothing stands between {{ and }}")
    if len(words) > WORDS_MAX:
        raise Refused(words[WORDS_MAX].offset, "E203", f"an expression of more than {WORDS_MAX} words")
    return tuple(words)


def check_words(words: Sequence[Word]) -> None:
    """Refuse what the language does not have, at the word itself.

    Raises:
        Refused: the first such word.
    """
    depth = 0
    for index, word in enumerate(words):
        before = words[index - 1] if index else None
        if word.kind == "operator":
            _check_sign(words, index)
            depth += 1 if word.text in "([" else -1 if word.text in ")]" else 0
            if depth > BRACKETS_MAX:
                raise Refused(word.offset, "E203", f"more than {BRACKETS_MAX} brackets inside each other")
        elif word.kind in ("integer", "float"):
            _check_number(word)
        elif word.kind == "name":
            _check_name(words, index, before)


def uses_of(words: Sequence[Word]) -> tuple[Use, ...]:
    """Every name the expression uses, with the keys read from it, in the order they stand."""
    found: list[Use] = []
    for index, word in enumerate(words):
        if not word.is_name or _has_other_role(words, index):
            continue
        path, after = _path_from(words, index)
        found.append(Use(path, word.offset))
        found.extend(_fields_named_by_filters(words, after, path))
    return tuple(found)


def plain_path(words: Sequence[Word]) -> tuple[str, ...] | None:
    """The keys, when the expression is nothing but `name.field.field`."""
    for index, word in enumerate(words):
        expected_name = index % 2 == 0
        if expected_name and not (word.kind == "name" and (index or word.is_name)):
            return None
        if not expected_name and not word.is_sign("."):
            return None
    return tuple(word.text for word in words[::2]) if len(words) % 2 else None


def _check_sign(words: Sequence[Word], index: int) -> None:
    word, before = words[index], words[index - 1] if index else None
    if word.text in _REFUSED:
        raise Refused(word.offset, "E203", f"expressions have no {word.text}", _REFUSED[word.text])
    if word.text == "=" and not _is_argument_name(words, index - 1):
        raise Refused(word.offset, "E202", "a single = says nothing", "== compares")
    if word.text == "(" and before is not None and _is_called(words, index - 1):
        hint = f"write | {before.text}" if before.text in FILTERS else "see the filters in the README"
        raise Refused(before.offset, "E203", f"'{before.text}(…)' is a call, which expressions do not have", hint)


def _is_called(words: Sequence[Word], index: int) -> bool:
    word = words[index]
    if word.is_sign(")", "]") or word.kind == "string":
        return True
    if word.kind != "name" or (word.text in KEYWORDS and not _follows(words, index, ".")):
        return False
    return not (_follows(words, index, "|") or _is_test(words, index))


def _check_number(word: Word) -> None:
    if word.kind == "integer" and not word.text.isdigit():
        raise Refused(word.offset, "E202", f"the number {word.text} is not written in plain digits")
    if len(word.text) > NUMBER_LENGTH_MAX:
        raise Refused(word.offset, "E202", f"a number of more than {NUMBER_LENGTH_MAX} digits")
    if word.kind == "float":
        if "e" in word.text.casefold() or "_" in word.text:
            raise Refused(word.offset, "E202", f"the number {word.text} is not written in plain digits")
        # Jinja reads it as a float, which keeps 15 digits of any number; these are then taken exactly.
        if len(word.text.replace(".", "").strip("0")) > DIGITS_EXACT_MAX:
            hint = f"write at most {DIGITS_EXACT_MAX} digits"
            raise Refused(word.offset, "E205", f"{word.text} has more digits than can be kept here", hint)


def _check_name(words: Sequence[Word], index: int, before: Word | None) -> None:
    word = words[index]
    if _follows(words, index, "|"):
        if word.text not in FILTERS:
            raise Refused(word.offset, "E204", f"unknown filter '{word.text}'", did_you_mean(word.text, FILTERS))
    elif _is_test(words, index):
        if word.text not in TESTS:
            hint = did_you_mean(word.text, TESTS) or f"there are: {', '.join(sorted(TESTS))}"
            raise Refused(word.offset, "E204", f"unknown test 'is {word.text}'", hint)
    elif word.text.startswith("_"):
        raise Refused(word.offset, "E203", f"'{word.text}' begins with _, which no name or field does here")
    elif word.text == "self" and not (before is not None and before.is_sign(".")):
        raise Refused(word.offset, "E203", "'self' is a word of Jinja", "name the field otherwise")


def _follows(words: Sequence[Word], index: int, sign: str) -> bool:
    return index > 0 and words[index - 1].is_sign(sign)


def _is_test(words: Sequence[Word], index: int) -> bool:
    before = [word.text if word.kind == "name" else "" for word in words[max(0, index - 2) : index]]
    if words[index].text == "not" and before[-1:] == ["is"]:
        return False
    return before[-1:] == ["is"] or before[-2:] == ["is", "not"]


def _is_argument_name(words: Sequence[Word], index: int) -> bool:
    """Whether a name stands where `filter(name=value)` has one."""
    if index < 1 or words[index].kind != "name":
        return False
    return words[index - 1].is_sign("(", ",") and _inside_filter(words, index)


def _inside_filter(words: Sequence[Word], index: int) -> bool:
    depth = 0
    for at in range(index - 1, 0, -1):
        if words[at].is_sign(")", "]"):
            depth += 1
        elif words[at].is_sign("(", "["):
            if depth == 0:
                return words[at].text == "(" and _follows(words, at - 1, "|")
            depth -= 1
    return False


def _has_other_role(words: Sequence[Word], index: int) -> bool:
    if _follows(words, index, ".") or _follows(words, index, "|") or _is_test(words, index):
        return True
    after = words[index + 1] if index + 1 < len(words) else None
    return after is not None and after.is_sign("=")


def _path_from(words: Sequence[Word], start: int) -> tuple[tuple[str, ...], int]:
    """The keys from a name on, and the index of the word after them."""
    path, at = [words[start].text], start + 1
    while at + 1 < len(words):
        if words[at].is_sign(".") and words[at + 1].kind in ("name", "integer"):
            if words[at + 1].kind == "name":
                path.append(words[at + 1].text)
            at += 2
            continue
        closing = next((i for i in (at + 2, at + 3) if i < len(words) and words[i].is_sign("]")), None)
        if not words[at].is_sign("[") or closing is None:
            break
        if words[closing - 1].kind == "string":
            path.append(words[closing - 1].text[1:-1])
        elif words[closing - 1].kind != "integer":
            break
        at = closing + 1
    return tuple(path), at


def _fields_named_by_filters(words: Sequence[Word], at: int, path: tuple[str, ...]) -> Iterator[Use]:
    while at + 3 < len(words) and words[at].is_sign("|"):
        spec = FILTERS.get(words[at + 1].text)
        if spec is None or not spec.names_field:
            return
        if not words[at + 2].is_sign("(") or words[at + 3].kind != "string":
            return
        yield Use((*path, words[at + 3].text[1:-1]), words[at + 3].offset)
        if not spec.keeps_items:
            return
        at = _after_bracket(words, at + 2)


def _after_bracket(words: Sequence[Word], opening: int) -> int:
    depth = 0
    for at in range(opening, len(words)):
        depth += 1 if words[at].is_sign("(", "[") else -1 if words[at].is_sign(")", "]") else 0
        if depth == 0:
            return at + 1
    return len(words)


def _readable(message: str | None) -> str:
    shown = message or "an expression that cannot be read"
    cut = shown.find(" at ") if shown.startswith("unexpected char") else -1
    return shown if cut < 0 else shown[:cut].replace("unexpected char", "unexpected character")
