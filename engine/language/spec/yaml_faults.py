"""What the YAML scanner and parser complain about, in plain words and at the place where a person looks."""

from __future__ import annotations

import re
from pathlib import PurePath

import yaml

from engine.language.spec.yaml_openings import long_quote, open_bracket
from engine.language.spec.yaml_text import line_text, position
from engine.words.problem import Place, Problem

_INDENT_HINT = "the lines of one block begin in the same column; what belongs to a key is indented below it"
_QUOTE_HINT = "put the text in quotes"
_BRACES = re.compile(r"(?:^|[:,\[-])\s*(\{\{)")


def explain(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """The one problem behind an error of the YAML library."""
    if isinstance(error, yaml.reader.ReaderError):
        return _unreadable_character(error, text, file)
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return _problem(file, 1, 1, "the file cannot be read as YAML", _INDENT_HINT)
    line, column = error.problem_mark.line + 1, error.problem_mark.column + 1
    return (
        _tab(text, file, line)
        or _bare_braces(text, file, line)
        or _unclosed(error, text, file, line)
        or _known_fault(error, text, file, line, column)
        or _problem(file, line, column, "the YAML cannot be read from here on", _INDENT_HINT)
    )


def tab_problem(file: str, line: int, column: int) -> Problem:
    """A tab where YAML wants spaces."""
    sentence = "a tab stands where YAML wants spaces"
    return _problem(
        file, line, column, sentence, "replace the tab by spaces; most editors have a setting for it", "E108"
    )


def bare_braces_problem(file: str, line: int, column: int) -> Problem:
    """An expression that YAML takes for a mapping because it is not quoted."""
    return _problem(file, line, column, "an expression stands without quotes", 'write "{{ … }}", with the quotes')


def _tab(text: str, file: str, line: int) -> Problem | None:
    content = line_text(text, line)
    outside_quotes = re.sub(r"\"[^\"]*\"|'[^']*'", lambda found: "_" * len(found[0]), content).split(" #")[0]
    at = outside_quotes.find("\t")
    return tab_problem(file, line, at + 1) if at >= 0 else None


def _bare_braces(text: str, file: str, line: int) -> Problem | None:
    found = _BRACES.search(line_text(text, line))
    return bare_braces_problem(file, line, found.start(1) + 1) if found else None


def _unclosed(error: yaml.MarkedYAMLError, text: str, file: str, line: int) -> Problem | None:
    quote = long_quote(text, line)
    if quote is not None:
        return _problem(file, *quote, "this quote is not closed in its line", "close it with the same quote")
    bracket = open_bracket(text) if "<stream end>" in (error.problem or "") else None
    if bracket is None:
        return None
    place, closing = bracket
    return _problem(file, *place, f"this bracket is not closed by a '{closing}'", f"add the '{closing}'")


def _known_fault(error: yaml.MarkedYAMLError, text: str, file: str, line: int, column: int) -> Problem | None:
    fault, context = error.problem or "", error.context or ""
    begin = error.context_mark
    opened = (begin.line + 1, begin.column + 1) if begin is not None else (line, column)
    if "mapping values are not allowed" in fault:
        return _stray_colon(text, file, line, column)
    if "could not find expected ':'" in fault:
        return _problem(file, *opened, "a ':' is missing after this key", "write 'key: value'")
    if "quoted scalar" in context and "unexpected end" in fault:
        return _problem(file, *opened, "this quote is never closed", "close it with the same quote")
    if "unknown escape" in fault or "escape" in context:
        hint = "write the text in single quotes, where a backslash is just a backslash"
        return _problem(file, line, column, "a backslash has a special meaning in double quotes", hint)
    if "flow" in context:
        return _open_bracket(file, context, opened, line, column)
    if "cannot start any token" in fault:
        return _problem(file, line, column, "a text may not begin with this character", _QUOTE_HINT)
    if "expected <block end>" in fault:
        return _after_block(fault, text, file, line, column)
    return None


def _after_block(fault: str, text: str, file: str, line: int, column: int) -> Problem:
    if line_text(text, line)[: column - 1].strip():
        ended = "something follows where the value has already ended"
        return _problem(file, line, column, ended, "put the whole text in quotes, or remove what is too much")
    shift = "a list item stands where a key belongs" if "'-'" in fault else "this line is indented wrongly"
    return _problem(file, line, column, shift, _INDENT_HINT)


def _stray_colon(text: str, file: str, line: int, column: int) -> Problem:
    content = line_text(text, line)
    before = content[: column - 1]
    if ": " in before:
        return _problem(file, line, column, "a second ': ' in one line", _QUOTE_HINT)
    first = len(content) - len(content.lstrip()) + 1
    return _problem(file, line, first, "this line is indented wrongly", _INDENT_HINT)


def _open_bracket(file: str, context: str, opened: tuple[int, int], line: int, column: int) -> Problem:
    closing = "}" if "mapping" in context else "]"
    if line > opened[0]:
        return _problem(file, *opened, f"this bracket is not closed by a '{closing}'", f"add the '{closing}'")
    hint = "text with : , [ ] { } needs quotes"
    return _problem(file, line, column, f"a ',' or '{closing}' is missing here", hint)


def _unreadable_character(error: yaml.reader.ReaderError, text: str, file: str) -> Problem:
    line, column = position(text, error.position)
    code = f"U+{error.character:04X}" if isinstance(error.character, int) else repr(error.character)
    return _problem(file, line, column, f"the character {code} has no place in a text file", "remove it")


def _problem(file: str, line: int, column: int, sentence: str, hint: str, code: str = "E102") -> Problem:
    place = Place(file=file, line=line, column=column)
    return Problem(place=place, code=code, sentence=sentence, where=PurePath(file).stem, hint=hint)
