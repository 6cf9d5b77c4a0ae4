"""Settings of a connection: one table per kind gives its JSON Schema, its help and its reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from engine.adapters.connectors.transport import TransportSettings
from engine.wire.retry import RetryRule
from engine.words.errors import InputError
from engine.words.problem import did_you_mean

ValueKind = Literal["text", "whole", "number", "yes_no", "texts"]

_JSON_TYPES = {"text": "string", "whole": "integer", "number": "number", "yes_no": "boolean", "texts": "object"}
_IN_WORDS = {
    "text": "text",
    "whole": "a whole number",
    "number": "a number",
    "yes_no": "true or false",
    "texts": "a list of names, each with a text",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting. Limits are inclusive; units stand at the end of the name."""

    name: str
    help: str
    kind: ValueKind = "text"
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    least: int | Decimal | None = None
    most: int | Decimal | None = None

    def schema(self) -> dict[str, Any]:
        """The setting as JSON Schema."""
        limits = {"minimum": self.least, "maximum": self.most}
        return {
            "type": _JSON_TYPES[self.kind],
            "description": self.help,
            **({"enum": list(self.choices)} if self.choices else {}),
            **({"default": self.default} if self.default not in (None, {}) else {}),
            **({"additionalProperties": {"type": "string"}} if self.kind == "texts" else {}),
            **{key: value for key, value in limits.items() if value is not None},
        }

    def trouble(self, value: object) -> str | None:
        """What is wrong with a value, in words; None when nothing is."""
        if not self._fits(value):
            return f"must be {_IN_WORDS[self.kind]}"
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(self.choices)}"
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            if self.least is not None and value < self.least:
                return f"must be at least {self.least}"
            if self.most is not None and value > self.most:
                return f"must be at most {self.most}"
        return None

    def _fits(self, value: object) -> bool:
        if self.kind == "yes_no":
            return isinstance(value, bool)
        if self.kind in ("whole", "number"):
            kinds = (int,) if self.kind == "whole" else (int, Decimal)
            return isinstance(value, kinds) and not isinstance(value, bool)
        if self.kind == "texts":
            return isinstance(value, Mapping) and all(isinstance(inner, str) for inner in value.values())
        return isinstance(value, str) and value != ""


def shared_settings(*, in_flight: int, read_timeout_s: int = 60) -> tuple[Setting, ...]:
    """The settings of every connection over HTTP, with the defaults of its kind."""
    return (
        Setting(
            name="environment",
            required=True,
            choices=("test", "production", "sandbox"),
            help="Which of the three this is; outcomes are written back only within production, or the sandbox.",
        ),
        Setting(name="base_url", required=True, help="The system's address, https://… without a query."),
        Setting(
            name="in_flight", kind="whole", default=in_flight, least=1, most=64, help="Requests at the same time."
        ),
        Setting(
            name="requests_per_s",
            kind="number",
            default=0,
            least=0,
            most=1000,
            help="Requests in a second at most; 0 is no limit.",
        ),
        _seconds("connect_timeout_s", 10, "Seconds to wait for a connection."),
        _seconds("read_timeout_s", read_timeout_s, "Seconds to wait for the next piece of an answer."),
        _seconds("write_timeout_s", 60, "Seconds to wait while sending."),
        _seconds("slot_timeout_s", 300, "Seconds to wait for a free one of the requests in flight."),
        _seconds("answer_max_s", 600, "Seconds that a whole answer may take."),
        Setting(
            name="body_max_bytes",
            kind="whole",
            default=64 * 1024 * 1024,
            least=1024,
            most=1024**3,
            help="The largest answer accepted, in bytes, after unpacking.",
        ),
        Setting(name="ca_file", help="A file with your own certificate authority (PEM), beside the usual ones."),
        Setting(
            name="http_on_loopback",
            kind="yes_no",
            default=True,
            help="Whether http:// is accepted for this machine itself, as the sandbox needs.",
        ),
        Setting(
            name="allow_private_addresses",
            kind="yes_no",
            default=False,
            help="Whether the system may stand in a private network (10.…, 192.168.…), as on your own premises.",
        ),
        Setting(
            name="attempts_max",
            kind="whole",
            default=4,
            least=1,
            most=10,
            help="How often a read is tried; what has an effect is never repeated.",
        ),
        _seconds("wait_max_s", 60, "The longest wait between two tries of a read, in seconds."),
        Setting(
            name="settle_s",
            kind="whole",
            least=1,
            most=86_400,
            help="Seconds until a write without an answer is looked up, where the mapping's own is not right here.",
        ),
        Setting(
            name="pages_max", kind="whole", default=20_000, least=1, most=1_000_000, help="Pages of a feed at most."
        ),
    )


def settings_schema_of(settings: Sequence[Setting]) -> dict[str, Any]:
    """A table of settings as a JSON-Schema fragment: properties, and which are required."""
    return {
        "properties": {setting.name: setting.schema() for setting in settings},
        "required": [setting.name for setting in settings if setting.required],
    }


def read_settings(table: Sequence[Setting], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """All settings with their defaults.

    Raises:
        InputError: naming everything that is wrong, not only the first.
    """
    known = {setting.name: setting for setting in table}
    wrong = []
    for name in given:
        if name not in known and name != "kind":
            hint = did_you_mean(name, known)
            wrong.append(f"unknown setting '{name}'{f' ({hint})' if hint else ''}")
    for name, setting in known.items():
        if given.get(name) is None:
            if setting.required:
                wrong.append(f"'{name}' is missing: {setting.help}")
        elif trouble := setting.trouble(given[name]):
            wrong.append(f"'{name}' {trouble}")
    if wrong:
        raise InputError(f"{where}: {'; '.join(wrong)}")
    return {name: setting.default if given.get(name) is None else given[name] for name, setting in known.items()}


def transport_settings(settings: Mapping[str, Any], origins: tuple[str, ...] = ()) -> TransportSettings:
    """The transport's part of the settings; `origins` are further addresses it may call."""
    return TransportSettings(
        base_url=settings["base_url"],
        origins=origins,
        in_flight=settings["in_flight"],
        requests_per_s=_plain(settings["requests_per_s"]),
        connect_timeout_s=_plain(settings["connect_timeout_s"]),
        read_timeout_s=_plain(settings["read_timeout_s"]),
        write_timeout_s=_plain(settings["write_timeout_s"]),
        slot_timeout_s=_plain(settings["slot_timeout_s"]),
        answer_max_s=_plain(settings["answer_max_s"]),
        body_max_bytes=settings["body_max_bytes"],
        ca_file=Path(settings["ca_file"]).expanduser() if settings["ca_file"] else None,
        http_on_loopback=settings["http_on_loopback"],
        allow_private_addresses=settings["allow_private_addresses"],
    )


def retry_rule(settings: Mapping[str, Any]) -> RetryRule:
    """The patience of reads."""
    return RetryRule(attempts_max=settings["attempts_max"], wait_max_s=_plain(settings["wait_max_s"]))


def _plain(number: int | Decimal) -> float:
    # Seconds and rates only: YAML gives them as int or Decimal, clocks and sockets want float.
    over, under = number.as_integer_ratio()
    return over / under


def _seconds(name: str, default: int, sentence: str) -> Setting:
    return Setting(name=name, kind="number", default=default, least=Decimal("0.1"), most=3600, help=sentence)
