"""The registry: kinds, their settings, and what installed packages add."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from importlib.metadata import EntryPoint

import jsonschema
import pytest
from subjects import START, vault

from engine.adapters.connectors import registry
from engine.adapters.connectors.kind import KindSpec
from engine.adapters.connectors.memory.connector import MEMORY, MemoryConnector
from engine.words.clock import ManualClock
from engine.words.errors import InputError

AIRBASE = {"kind": "airbase", "environment": "test", "base_url": "https://api.example.test"}


def make(kind, settings):
    return registry.make_connector(kind, "ours", settings, vault(), ManualClock(START))


def test_the_built_in_kinds():
    assert set(registry.kinds()) == {"airbase", "epicor", "rest", "memory"}
    assert registry.catalogue_of("epicor") is not None
    assert registry.catalogue_of("airbase") is None
    assert isinstance(make("memory", {"environment": "test"}), MemoryConnector)


@pytest.mark.parametrize("kind", ["airbase", "epicor", "rest", "memory"])
def test_every_setting_has_help_and_a_default_that_fits(kind):
    schema = {"type": "object", **registry.settings_schema(kind)}
    jsonschema.Draft202012Validator.check_schema(schema)
    for setting in registry.kinds()[kind].settings:
        assert setting.help.endswith(".")
        assert setting.default is None or setting.trouble(setting.default) is None
    assert registry.kinds()[kind].help


def test_everything_wrong_is_named_at_once():
    wrong = {**AIRBASE, "auth_scheme": "Basic", "page_siz": 5, "in_flight": 0, "read_timeout_s": "soon"}
    del wrong["environment"]
    with pytest.raises(InputError) as caught:
        make("airbase", wrong)
    for words in (
        "connections.yaml > ours",
        "unknown setting 'page_siz' (did you mean 'page_size'?)",
        "'environment' is missing",
        "'auth_scheme' must be one of Token, Bearer",
        "'in_flight' must be at least 1",
        "'read_timeout_s' must be a number",
    ):
        assert words in str(caught.value)


def test_decimals_are_numbers():
    make("airbase", {**AIRBASE, "read_timeout_s": Decimal("2.5")}).close()


def test_how_many_requests_at_once():
    assert registry.in_flight_of("epicor", {}) == 2
    assert registry.in_flight_of("airbase", {"in_flight": 3}) == 3
    assert registry.in_flight_of("memory", {}) == 1


def test_an_unknown_kind():
    with pytest.raises(InputError, match="did you mean 'epicor'"):
        make("epicorr", {})


@pytest.mark.parametrize(
    ("login", "fields"),
    [
        ("basic", ["api_key", "username", "password"]),
        ("client_credentials", ["api_key", "client_id", "client_secret"]),
        ("password", ["api_key", "client_id", "client_secret", "username", "password"]),
        ("app_server", ["api_key", "username", "password"]),
    ],
)
def test_credential_fields_follow_the_login(login, fields):
    given = {"kind": "epicor", "environment": "test", "base_url": "https://x.example.test/ERP", "login": login}
    assert [field for field, _ in registry.credential_fields("epicor", given)] == fields


def test_a_ca_file_that_cannot_be_read(tmp_path):
    bad = tmp_path / "ca.pem"
    bad.write_text("no certificate")
    connector = make("airbase", {**AIRBASE, "ca_file": str(bad), "attempts_max": 1})
    with pytest.raises(InputError, match=r"ca\.pem: no certificate authority"):
        list(connector.read("/x/"))
    connector.close()


def test_installed_packages_add_kinds_but_replace_none(monkeypatch):
    points = [
        EntryPoint(
            name="other", value="engine.adapters.connectors.memory.connector:MEMORY", group=registry.ENTRY_POINTS
        ),
        EntryPoint(
            name="epicor", value="engine.adapters.connectors.memory.connector:MEMORY", group=registry.ENTRY_POINTS
        ),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    registry._installed.cache_clear()
    try:
        known = registry.kinds()
        assert isinstance(known["other"], KindSpec)
        assert known["other"].make is MEMORY.make
        assert known["epicor"].needs_company
        monkeypatch.setattr(
            registry, "entry_points", lambda group: [EntryPoint(name="bad", value="nothing:X", group=group)]
        )
        registry._installed.cache_clear()
        with pytest.raises(InputError, match="the connector 'bad'"):
            registry.kinds()
    finally:
        registry._installed.cache_clear()


def test_httpx_is_not_imported_before_something_is_sent():
    code = (
        "import sys; from engine.adapters.connectors import registry; registry.kinds();"
        "assert 'httpx' not in sys.modules, 'httpx'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
