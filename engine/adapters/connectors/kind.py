"""A kind of connector as the registry knows it: its settings, credentials, catalogue and factory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.adapters.connectors.auth import Credentials, CredentialWatch
from engine.adapters.connectors.port import Connector
from engine.adapters.connectors.settings import Setting
from engine.adapters.connectors.transport import Transport
from engine.language.spec.known import Catalogue
from engine.words.clock import Clock

Questions = tuple[tuple[str, str], ...]
"""Credential fields, each with the question to ask a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What a connector is made from; `settings` are complete and checked, `watch` hears of tracked credentials."""

    name: str
    settings: Mapping[str, Any]
    credentials: Credentials
    clock: Clock
    transport: Transport | None = None
    watch: CredentialWatch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KindSpec:
    """One kind of connector.

    `credential_fields` depends on the settings, since the way to log in does; so do `login_addresses`, the
    addresses beside base_url that are sent credentials. `needs_company` says that every call names a company.
    """

    kind: str
    help: str
    settings: tuple[Setting, ...]
    credential_fields: Callable[[Mapping[str, Any]], Questions]
    make: Callable[[Wiring], Connector]
    catalogue: Callable[[], Catalogue] | None = None
    login_addresses: Callable[[Mapping[str, Any]], tuple[str, ...]] = lambda _settings: ()
    needs_company: bool = False
