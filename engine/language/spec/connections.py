"""connections.yaml: the systems of the workspace, without their credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from engine.language.node import Node
from engine.language.spec.check_shape import shape_faults
from engine.language.spec.connections_schema import LEASE_S, LEDGER_URL, STOP_AFTER_REFUSED, connections_schema
from engine.language.spec.findings import Findings
from engine.language.spec.schema_words import Schema
from engine.language.spec.webhooks import WebhookSettings, compile_webhooks
from engine.language.spec.workspace_file import read_file
from engine.words.problem import Place, Problem, in_order

_SHARED = frozenset({"kind", "environment", "base_url", "webhooks"})
_NO_DATABASE = "this is no address of a database"
"""Said without what stands there, which may be a password."""
_SECRET_WORDS = ("password", "token", "secret", "api_key", "apikey")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """One connection; `settings` has what its kind defines beyond the address, `webhooks` how it is listened to."""

    name: str
    kind: str
    environment: Literal["test", "production", "sandbox"]
    base_url: str
    settings: dict[str, Any]
    place: Place
    webhooks: WebhookSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """The connections by name, the ledger's URL when it is not the default, and the limits of every run."""

    connections: dict[str, ConnectionSettings]
    ledger: str | None
    lease_s: int = LEASE_S
    stop_after_refused: int = STOP_AFTER_REFUSED


def load_connections(
    path: Path, shown_from: Path, kinds: Mapping[str, Schema]
) -> tuple[Connections | None, tuple[Problem, ...]]:
    """Read connections.yaml with all its problems; None when there is an error."""
    file = read_file(path, shown_from, code="E704")
    if file.root is None:
        return None, file.problems
    findings = Findings(file.root)
    findings.extend(file.problems)
    ledger = file.root.get("ledger")
    for fault in shape_faults(file.root, connections_schema(kinds)):
        problem = _about_secrets(fault.problem, fault.key)
        if ledger is not None and problem.place == ledger.place:
            problem = replace(problem, sentence=_NO_DATABASE)
        findings.extend((problem,))
    node = file.root.find(("connections",))
    found = {name: _connection(name, item, findings) for name, item in (node.fields or {}).items()}
    if ledger is not None and not findings.is_damaged(file.root, "ledger") and isinstance(ledger.scalar, str):
        _check_ledger(ledger, ledger.scalar, findings)
    problems = in_order(findings.problems)
    if findings.has_errors:
        return None, problems
    url = ledger.scalar if ledger is not None and isinstance(ledger.scalar, str) else None
    return Connections(
        connections={name: one for name, one in found.items() if one},
        ledger=url,
        lease_s=_whole(file.root, "lease_s", LEASE_S),
        stop_after_refused=_whole(file.root, "stop_after_refused", STOP_AFTER_REFUSED),
    ), problems


def _whole(root: Node, name: str, default: int) -> int:
    node = root.get(name)
    return node.scalar if node is not None and isinstance(node.scalar, int) else default


def _connection(name: str, node: Node, findings: Findings) -> ConnectionSettings | None:
    if findings.has_damage(node) or node.fields is None:
        return None
    given = node.plain()
    if not {"kind", "environment", "base_url"} <= given.keys():
        return None
    check_address(node.fields["base_url"], given["base_url"], findings)
    return ConnectionSettings(
        name=name,
        kind=given["kind"],
        environment=given["environment"],
        base_url=given["base_url"],
        settings={key: value for key, value in given.items() if key not in _SHARED},
        place=node.place,
        webhooks=compile_webhooks(node, findings),
    )


def check_address(node: Node, url: str, findings: Findings) -> None:
    """Add what is wrong with an address that secrets are sent to."""
    try:
        parts = urlsplit(url)
        host, login = parts.hostname, parts.username or parts.password
    except ValueError as error:
        findings.add(node, "E702", f"this is no address: {error}", "an address such as https://…")
        return
    if login:
        hint = "remove it here; `ml-connector credentials set` keeps it safely"
        findings.add(node, "E702", "the address holds a login", hint)
    elif not host:
        findings.add(node, "E702", "the address names no host", "an address such as https://…")
    elif parts.scheme == "http" and host not in LOOPBACK:
        findings.add(node, "E702", "http sends credentials in the clear", "use https")


def _check_ledger(node: Node, url: str, findings: Findings) -> None:
    """Add a password that stands in the database's URL, however it is spelled; it is not said again."""
    try:
        parts = urlsplit(url)
        user, _ = unquote(parts.username or ""), parts.port
    except ValueError:
        findings.add(node, "E702", _NO_DATABASE, LEDGER_URL)
        return
    rest = unquote(f"{parts.query}{parts.fragment}").casefold()
    if parts.password is not None or ":" in user or "password" in rest:
        hint = "remove it here; it is taken from PGPASSWORD, or from the file that PGPASSFILE names"
        findings.add(node, "E702", "the address holds a password", hint)
    elif parts.fragment or (not url.startswith("sqlite") and "@" in parts.path):
        findings.add(node, "E702", _NO_DATABASE, LEDGER_URL)


def _about_secrets(problem: Problem, key: str | None) -> Problem:
    if problem.code != "E104" or not any(word in (key or "").casefold() for word in _SECRET_WORDS):
        return problem
    hint = "credentials are not kept here; use `ml-connector credentials set`"
    return Problem(place=problem.place, code=problem.code, sentence=problem.sentence, where=problem.where, hint=hint)
