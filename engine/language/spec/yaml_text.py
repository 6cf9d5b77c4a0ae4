"""The bytes of a file as text, before any YAML is read."""

from __future__ import annotations

import codecs
from pathlib import PurePath

from engine.words.problem import Place, Problem

BYTES_MAX = 2_000_000


def decode_text(source: bytes, file: str) -> tuple[str | None, tuple[Problem, ...]]:
    """The file's text without a byte order mark, or the one problem that keeps it from being read."""
    if len(source) > BYTES_MAX:
        size = f"{len(source):,} bytes; at most {BYTES_MAX:,} are read"
        return None, (_problem(file, 1, 1, "E111", f"the file has {size}", "split it into several mappings"),)
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None, (_problem(file, 1, 1, "E101", "the file is UTF-16, not UTF-8", "save it again as UTF-8"),)
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = source[: error.start].decode("utf-8-sig", errors="replace")
        byte = f"the byte 0x{source[error.start]:02X} is not UTF-8"
        return None, (_problem(file, *position(before, len(before)), "E101", byte, "save the file again as UTF-8"),)
    return text, ()


def position(text: str, index: int) -> tuple[int, int]:
    """Line and column, counted from 1, of a character; CR, LF and CRLF each end a line."""
    before = text[:index].replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def line_text(text: str, line: int) -> str:
    """One line of the text, counted from 1; empty past its end."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[line - 1] if 0 < line <= len(lines) else ""


def _problem(file: str, line: int, column: int, code: str, sentence: str, hint: str) -> Problem:
    place = Place(file=file, line=line, column=column)
    return Problem(place=place, code=code, sentence=sentence, where=PurePath(file).stem, hint=hint)
