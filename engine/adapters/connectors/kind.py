"""A kind of connector as the registry knows it: its settings, credentials, catalogue and factory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine.adapters.connectors.auth import Credentials, CredentialWatch
from engine.adapters.connectors.port import Connector
from engine.adapters.connectors.settings import Setting
from engine.adapters.connectors.transport import Transport
from engine.words.clock import Clock

Questions = tuple[tuple[str, str], ...]
"""Credential fields, each with the question to ask a person."""


class Catalogue(Protocol):
    """What is known of a system's sets, tables and methods, so that a mapping can be checked offline."""

    def sets(self) -> tuple[str, ...]:
        """Every entity set, as mappings write it."""
        ...

    def has_set(self, name: str) -> bool:
        """Whether the set is known."""
        ...

    def set_fields(self, name: str) -> frozenset[str]:
        """The fields of a set's rows; empty when they are not known."""
        ...

    def methods(self) -> tuple[str, ...]:
        """Every method, as mappings write it."""
        ...

    def has_method(self, name: str) -> bool:
        """Whether the method is known."""
        ...

    def tables(self) -> tuple[str, ...]:
        """Every table whose fields are known."""
        ...

    def table_fields(self, table: str) -> frozenset[str]:
        """The fields of a table; empty when they are not known."""
        ...


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
