"""Logs of the service: one line an event, as JSON or for people, without secrets and without terminal escapes.

The program's own events come by structlog; what libraries tell by `logging`, uvicorn and DBOS among them, is let
in from warnings on and goes through the same steps.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, TextIO, cast

import structlog

from engine.wire.masking import mask_value, shorten
from engine.wiring.hidden import HIDDEN
from engine.words.json_value import encode

Form = Literal["json", "people"]
Level = Literal["debug", "info", "warning", "error"]
Event = MutableMapping[str, Any]

TEXT_MAX = 4000
TRACE_MAX = 20_000
DEPTH_MAX = 6
LIBRARIES = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "dbos", "sqlalchemy")
REPEATING = frozenset({"dbos"})
"""Libraries that tell the same several times a second while their database is away: once a minute is enough."""
AGAIN_S = 60.0
_FIRST = ("at", "level", "event")


def configure_logs(form: Form = "people", level: Level = "info", stream: TextIO | None = None) -> None:
    """Send every log line of this process to standard error, or to `stream`; a second call replaces the first.

    Call it again after a library has set up logging of its own, as DBOS does when it starts.
    """
    out = _Lines(stream or sys.stderr)
    least = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[structlog.processors.add_log_level, *_steps(form)],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", out)),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    ours = (one for one in root.handlers if isinstance(one, _FromLibraries) or type(one) is logging.StreamHandler)
    for replaced in tuple(ours):
        root.removeHandler(replaced)
    root.addHandler(_FromLibraries(form, out))
    root.setLevel(logging.WARNING)
    for name in LIBRARIES:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.WARNING)


def get_log(**bound: Any) -> Any:
    """A logger whose every line carries these keys; it follows `configure_logs` whenever it was made."""
    return structlog.get_logger(**bound)


def log_line(event: Event, form: Form) -> str:
    """The line for an event: masked, cleaned, in one spelling. It never ends the program: a log is not a reason."""
    told = {key: event[key] for key in _FIRST if key in event}
    told |= {key: value for key, value in event.items() if key not in _FIRST}
    masked = mask_value(_plain(told))
    shown = {key: _clean(value, key) for key, value in masked.items()}
    return encode(shown).decode() if form == "json" else _for_people(shown)


class _Lines:
    """Where lines go. A line that cannot be written, to a full disk or a reader that has gone, ends no work."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> None:
        """Write, if it can be written."""
        with suppress(OSError, ValueError):
            self._out.write(text)

    def flush(self) -> None:
        """Let it out, if it can be."""
        with suppress(OSError, ValueError):
            self._out.flush()


class _FromLibraries(logging.Handler):
    """Turns a library's record into a line of ours."""

    def __init__(self, form: Form, out: _Lines) -> None:
        super().__init__(logging.WARNING)
        self._form, self._out = form, out
        self._told: dict[tuple[str, int], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        if record.name in REPEATING and self._is_repeated(record):
            return
        try:
            event: Event = {
                "at": _now(),
                "level": record.levelname.lower(),
                "event": record.getMessage(),
                "logger": record.name,
            }
            if record.exc_info:
                event["exception"] = logging.Formatter().formatException(record.exc_info)
            self._out.write(log_line(event, self._form) + "\n")
            self._out.flush()
        except Exception:  # noqa: BLE001 - as every handler does: told on standard error, and the program goes on
            self.handleError(record)

    def _is_repeated(self, record: logging.LogRecord) -> bool:
        """Whether the same place in the library told something less than a minute ago."""
        place = (record.pathname, record.lineno)
        if 0 <= record.created - self._told.get(place, -AGAIN_S) < AGAIN_S:
            return True
        self._told[place] = record.created
        return False


def _steps(form: Form) -> list[Any]:
    def stamp(_logger: Any, _method: str, event: Event) -> Event:
        return {**event, "at": _now()}

    def line(_logger: Any, _method: str, event: Event) -> str:
        return log_line(event, form)

    return [stamp, structlog.processors.ExceptionRenderer(), line]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Any, depth: int = 0) -> Any:
    """The value in the kinds that JSON has; whatever else somebody logs is shown as its text."""
    if value is None or isinstance(value, (bool, int, str)):
        return HIDDEN.masked(value) if isinstance(value, str) else value
    if isinstance(value, Mapping) and depth < DEPTH_MAX:
        return {HIDDEN.masked(str(key)): _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)) and depth < DEPTH_MAX:
        return [_plain(inner, depth + 1) for inner in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return HIDDEN.masked(str(value))


def _clean(value: Any, key: str) -> Any:
    if isinstance(value, str):
        kept = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in value)
        return shorten(kept, TRACE_MAX if key == "exception" else TEXT_MAX)
    if isinstance(value, Mapping):
        return {_clean(name, key): _clean(inner, key) for name, inner in value.items()}
    return [_clean(inner, key) for inner in value] if isinstance(value, list) else value


def _for_people(shown: Mapping[str, Any]) -> str:
    """`2026-11-23 17:32:00 UTC  warning  what happened  key=value`; a traceback stands on lines of its own."""
    at = str(shown.get("at", "")).replace("T", " ")[:19]
    rest = {key: value for key, value in shown.items() if key not in (*_FIRST, "exception")}
    words = [f"{at} UTC", f"{shown.get('level', ''):<7}", _one_line(shown.get("event", ""))]
    words += [f"{key}={_value(value)}" for key, value in rest.items()]
    # Indented, so that no line inside it can pass for a line of the log.
    trace = [f"\n    {line}" for line in str(shown.get("exception", "")).splitlines()]
    return "  ".join(words) + "".join(trace)


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else encode(value).decode()
    return encode(text).decode() if not text or any(letter in text for letter in ' "=\n') else text


def _one_line(text: object) -> str:
    return str(text).replace("\n", " ")
