"""alerts.yaml: the channels, and which state is told where."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from engine.language.node import Node
from engine.language.spec.alerts_schema import SLACK, SMTP_PORT, alerts_schema
from engine.language.spec.check_shape import shape_faults
from engine.language.spec.connections import LOOPBACK, check_address
from engine.language.spec.findings import Findings
from engine.language.spec.workspace_file import read_file
from engine.words.problem import Problem, did_you_mean, in_order

FILE = "alerts.yaml"
PORT_MAX = 65_535
_SECRET_WORDS = ("password", "secret", "hook", "token")
_SPANS = {"m": "minutes", "h": "hours", "d": "days"}

ChannelKind = Literal["webhook", "slack", "teams", "email"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSpec:
    """One channel. `address` is where its secret may be sent: a URL, or `smtp://host:port`."""

    name: str
    kind: ChannelKind
    address: str
    allow_private_addresses: bool = False
    host: str = ""
    port: int = SMTP_PORT
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = ""
    readers: tuple[str, ...] = ()
    username: str = ""

    @property
    def secret_field(self) -> tuple[str, str] | None:
        """The name of the credential it needs, with the question to ask; None when it needs none."""
        if self.kind == "webhook":
            return "signing_secret", "the secret that the receiver checks the signature with"
        if self.kind in ("slack", "teams"):
            return "hook", "the whole address of the incoming webhook"
        return ("password", f"the mail server's password of {self.username}") if self.username else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """One rule: the state, its threshold, and the names of the channels."""

    name: str
    on: str
    tell: tuple[str, ...]
    after: timedelta | None = None
    above: Mapping[str, Decimal]
    mappings: tuple[str, ...] = ()
    repeat_after: timedelta | None = None
    tell_cleared: bool = False

    def covers(self, mapping: str | None) -> bool:
        """Whether the rule looks at this mapping."""
        return not self.mappings or mapping in self.mappings


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """The channels by name, and the rules in their order."""

    channels: dict[str, ChannelSpec]
    rules: tuple[AlertRule, ...]


def load_alerts(
    path: Path, shown_from: Path, mappings: Collection[str] | None = None
) -> tuple[Alerts | None, tuple[Problem, ...]]:
    """Read alerts.yaml with all its problems; None without problems when there is none, or every line is a comment.

    `mappings` are the names that a rule may speak of; None does not check them.
    """
    if not path.exists() or _says_nothing(path):
        return None, ()
    file = read_file(path, shown_from, code="E704")
    if file.root is None:
        return None, file.problems
    findings = Findings(file.root)
    findings.extend(file.problems)
    for fault in shape_faults(file.root, alerts_schema()):
        findings.extend((_about_secrets(fault.problem, fault.key),))
    nothing = Node(place=file.root.place)
    named, listed = file.root.get("channels") or nothing, file.root.get("rules") or nothing
    channels = _channels(named, findings)
    rules = _rules(listed, findings, tuple(named.fields or ()), mappings)
    problems = in_order(findings.problems)
    if findings.has_errors:
        return None, problems
    return Alerts(channels=channels, rules=rules), problems


def parse_span(text: str) -> timedelta:
    """A span of time such as `30m`, `6h` or `2d`, as the schema has checked it."""
    return timedelta(**{_SPANS[text[-1]]: int(text[:-1])})


def _says_nothing(path: Path) -> bool:
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return False  # told as a problem by whoever reads it next
    return all(not line.strip() or line.lstrip().startswith(b"#") for line in lines)


def _channels(node: Node, findings: Findings) -> dict[str, ChannelSpec]:
    found: dict[str, ChannelSpec] = {}
    for name, item in (node.fields or {}).items():
        if findings.is_damaged(node, name) or item.fields is None:
            continue
        given = item.plain()
        address = item.get("address")
        if address is not None:
            check_address(address, given["address"], findings)
        if given.get("port", SMTP_PORT) > PORT_MAX:
            findings.add(item.fields["port"], "E702", f"there is no port above {PORT_MAX}")
        if given["kind"] == "email" and given.get("security") == "none" and given["host"] not in LOOPBACK:
            hint = "use starttls or tls"
            findings.add(item.fields["security"], "E702", "none sends the e-mail in the clear over the network", hint)
        found[name] = _channel(name, given)
    return found


def _channel(name: str, given: dict[str, Any]) -> ChannelSpec:
    port = given.get("port", SMTP_PORT)
    mail = given["kind"] == "email"
    return ChannelSpec(
        name=name,
        kind=given["kind"],
        address=f"smtp://{given['host']}:{port}" if mail else given.get("address", SLACK),
        allow_private_addresses=given.get("allow_private_addresses", False),
        host=given.get("host", ""),
        port=port,
        security=given.get("security", "starttls"),
        sender=given.get("from", ""),
        readers=tuple(given.get("to", ())),
        username=given.get("username", ""),
    )


def _rules(
    node: Node, findings: Findings, channels: tuple[str, ...], mappings: Collection[str] | None
) -> tuple[AlertRule, ...]:
    found: dict[str, AlertRule] = {}
    for item in node.items or ():
        if findings.has_damage(item) or item.fields is None:
            continue
        rule = _rule(item.plain())
        if rule.name in found:
            hint = "give one of them a `name` of its own"
            findings.add(item, "E309", f"there are two rules '{rule.name}'", hint)
        _check_names(item.find(("tell",)), channels, "E311", "channel", findings)
        if mappings is not None:
            _check_names(item.find(("mappings",)), mappings, "E307", "mapping", findings)
        found.setdefault(rule.name, rule)
    return tuple(found.values())


def _rule(given: dict[str, Any]) -> AlertRule:
    repeat = given.get("repeat_after")
    after = given.get("after")
    return AlertRule(
        name=given.get("name", given["on"]),
        on=given["on"],
        tell=tuple(dict.fromkeys(given["tell"])),
        after=parse_span(after) if after else None,
        above={currency: Decimal(limit) for currency, limit in given.get("above", {}).items()},
        mappings=tuple(given.get("mappings", ())),
        repeat_after=parse_span(repeat) if repeat else None,
        tell_cleared=given.get("tell_cleared", False),
    )


def _check_names(node: Node, known: Collection[str], code: str, what: str, findings: Findings) -> None:
    for name in node.items or ():
        if isinstance(name.scalar, str) and name.scalar not in known:
            hint = did_you_mean(name.scalar, known)
            findings.add(name, code, f"there is no {what} '{name.scalar}'", hint)


def _about_secrets(problem: Problem, key: str | None) -> Problem:
    if problem.code != "E104" or not any(word in (key or "").casefold() for word in _SECRET_WORDS):
        return problem
    hint = "secrets are not kept here; use `ml-connector credentials set alerts.CHANNEL FIELD`"
    return Problem(place=problem.place, code=problem.code, sentence=problem.sentence, where=problem.where, hint=hint)
