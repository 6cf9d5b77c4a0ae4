"""The kinds of connectors: a literal table, and what installed packages add by entry points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from engine.adapters.connectors.airbase.connector import AIRBASE
from engine.adapters.connectors.auth import Credentials, CredentialWatch
from engine.adapters.connectors.epicor.connector import EPICOR
from engine.adapters.connectors.kind import KindSpec, Questions, Wiring
from engine.adapters.connectors.memory.connector import MEMORY
from engine.adapters.connectors.port import Connector
from engine.adapters.connectors.rest.connector import REST
from engine.adapters.connectors.settings import read_settings, settings_schema_of
from engine.adapters.connectors.transport import Transport
from engine.language.spec.known import Catalogue
from engine.words.clock import Clock
from engine.words.errors import InputError
from engine.words.problem import did_you_mean

ENTRY_POINTS = "ml_connector.connectors"

_BUILT_IN: Mapping[str, KindSpec] = {spec.kind: spec for spec in (AIRBASE, EPICOR, REST, MEMORY)}


def kinds() -> Mapping[str, KindSpec]:
    """Every kind by name; an installed package adds one but never replaces a built-in one.

    Raises:
        InputError: an installed package names something that is no kind of connector.
    """
    return {**_installed(), **_BUILT_IN}


def kind_of(kind: str) -> KindSpec:
    """One kind.

    Raises:
        InputError: there is none of that name.
    """
    known = _BUILT_IN.get(kind) or kinds().get(kind)
    if known is None:
        hint = did_you_mean(kind, kinds())
        near = f" ({hint})" if hint else ""
        known_kinds = ", ".join(sorted(kinds()))
        raise InputError(f"there is no kind of connector '{kind}'{near}; known: {known_kinds}")
    return known


def settings_schema(kind: str) -> dict[str, Any]:
    """The JSON-Schema fragment of a kind's settings: `properties` and `required`."""
    return settings_schema_of(kind_of(kind).settings)


def credential_fields(kind: str, settings: Mapping[str, Any]) -> Questions:
    """The credentials a connection needs, each with the question to ask."""
    spec = kind_of(kind)
    return spec.credential_fields(read_settings(spec.settings, settings, f"connection of kind {kind}"))


def credential_addresses(kind: str, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Every address that a connection sends its credentials to, its base_url first."""
    spec = kind_of(kind)
    complete = read_settings(spec.settings, settings, f"connection of kind {kind}")
    return (complete["base_url"], *spec.login_addresses(complete))


def in_flight_of(kind: str, settings: Mapping[str, Any]) -> int:
    """How many requests may be under way at a connection of this kind at once."""
    default = next((setting.default for setting in kind_of(kind).settings if setting.name == "in_flight"), 1)
    return int(settings.get("in_flight") or default)


def catalogue_of(kind: str) -> Catalogue | None:
    """What is known offline of the systems of a kind."""
    make = kind_of(kind).catalogue
    return make() if make is not None else None


def make_connector(
    kind: str,
    name: str,
    settings: Mapping[str, Any],
    credentials: Credentials,
    clock: Clock,
    transport: Transport | None = None,
    watch: CredentialWatch | None = None,
) -> Connector:
    """A connector; nothing is sent yet. A transport handed in is closed with it; `watch` hears of its credentials.

    Raises:
        InputError: a setting is wrong.
    """
    spec = kind_of(kind)
    complete = read_settings(spec.settings, settings, f"connections.yaml > {name}")
    return spec.make(
        Wiring(
            name=name,
            settings=complete,
            credentials=credentials,
            clock=clock,
            transport=transport,
            watch=watch,
        )
    )


@cache
def _installed() -> Mapping[str, KindSpec]:
    return {point.name: _load(point) for point in entry_points(group=ENTRY_POINTS)}


def _load(point: EntryPoint) -> KindSpec:
    try:
        spec = point.load()
    except Exception as error:
        raise InputError(f"the connector '{point.name}' ({point.value}) cannot be loaded: {error}") from error
    if not isinstance(spec, KindSpec):
        raise InputError(f"the connector '{point.name}' ({point.value}) is not a KindSpec")
    return replace(spec, kind=point.name)
