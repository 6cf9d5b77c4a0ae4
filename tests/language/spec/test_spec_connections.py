"""connections.yaml: each kind's own settings, safe addresses, and no credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.language.spec.connections import Connections, load_connections
from engine.words.problem import Problem

KINDS = {
    "airbase": {
        "properties": {
            "auth_scheme": {"description": "How the token is sent.", "enum": ["Bearer", "Token"]},
            "page_size": {"description": "Rows of a page.", "type": "integer"},
        },
        "required": ["auth_scheme"],
    },
    "epicor": {"properties": {}, "required": []},
}

GOOD = """\
connections:
  airbase:
    kind: airbase
    environment: test
    base_url: https://airbase.example.com
    auth_scheme: Token
  epicor:
    kind: epicor
    environment: production
    base_url: http://127.0.0.1:8080/epicor
ledger: postgresql://db/ledger
"""


def load(folder: Path, text: str) -> tuple[Connections | None, tuple[Problem, ...]]:
    (folder / "connections.yaml").write_text(text, encoding="utf-8")
    return load_connections(folder / "connections.yaml", folder, KINDS)


def test_connections_carry_their_kinds_own_settings(tmp_path: Path) -> None:
    found, problems = load(tmp_path, GOOD)
    assert problems == ()
    assert found is not None
    assert found.ledger == "postgresql://db/ledger"
    airbase, epicor = found.connections["airbase"], found.connections["epicor"]
    assert (airbase.kind, airbase.environment, airbase.base_url) == ("airbase", "test", "https://airbase.example.com")
    assert airbase.settings == {"auth_scheme": "Token"}
    assert epicor.settings == {}
    assert found.lease_s == 30


def test_how_long_a_turn_lasts_unrenewed_may_be_set(tmp_path: Path) -> None:
    found, problems = load(tmp_path, f"{GOOD}lease_s: 5\n")
    assert problems == ()
    assert found is not None
    assert found.lease_s == 5
    found, problems = load(tmp_path, f"{GOOD}lease_s: 1\n")
    assert found is None
    assert [problem.place.line for problem in problems] == [12]


@pytest.mark.parametrize(
    ("good", "bad", "code", "line", "column", "hint"),
    [
        ("kind: epicor", "kind: epicr", "E107", 8, 11, "did you mean 'epicor'?"),
        ("auth_scheme: Token", "auth_sheme: Token", "E104", 6, 5, "did you mean 'auth_scheme'?"),
        ("auth_scheme: Token", "auth_scheme: Basic", "E107", 6, 18, "one of Bearer, Token"),
        ("    auth_scheme: Token\n", "", "E105", 2, 3, "How the token is sent."),
        ("    environment: test\n", "", "E105", 2, 3, "production"),
        ("    auth_scheme: Token", "    auth_scheme: Token\n    token: abc", "E104", 7, 5, "credentials set"),
        ("https://airbase", "http://airbase", "E702", 5, 15, "use https"),
        ("https://airbase", "https://me:pw@airbase", "E702", 5, 15, "credentials set"),
        ("https://airbase.example.com", "airbase.example.com", "E107", 5, 15, "https://"),
        ("ledger: postgresql://", "ledger: mysql://", "E107", 11, 9, "sqlite:////folder/ledger.db"),
        ("ledger: postgresql://db", "ledger: postgresql://rosa:pw@db", "E702", 11, 9, "PGPASSWORD"),
        ("ledger: postgresql://db/ledger", "ledger: postgresql://db/ledger?password=pw", "E702", 11, 9, "PGPASSFILE"),
        ("ledger: postgresql://db/ledger", "ledger: postgresql://db/ledger?sslPassword=pw", "E702", 11, 9, "PGPASS"),
        ("ledger: postgresql://db/ledger", "ledger: postgresql://db/x?u=a;password=pw", "E702", 11, 9, "PGPASSFILE"),
        ("ledger: postgresql://db/ledger", "ledger: postgresql://rosa%3Apw@db/ledger", "E702", 11, 9, "PGPASSFILE"),
        ("ledger: postgresql://db/ledger", "ledger: postgresql://rosa:p#pw@db/ledger", "E702", 11, 9, "user@host"),
        ("ledger: postgresql://db/ledger", "ledger: postgresql://rosa:p/pw@db/ledger", "E702", 11, 9, "user@host"),
        ("ledger: postgresql://db/ledger", "ledger: mysql://rosa:pw@db/ledger", "E107", 11, 9, "postgresql://"),
        ("ledger: postgresql://db/ledger", "ledger: POSTGRESQL://rosa:pw@db/x", "E107", 11, 9, "postgresql://"),
        ("auth_scheme: Token", "auth_scheme: Token\n    page_size: '10'", "E106", 7, 16, "write 10, without quotes"),
        ("auth_scheme: Token", "auth_scheme: Token\n    page_size: ten", "E106", 7, 16, "Rows of a page."),
        ("auth_scheme: Token", "auth_scheme: Token\n    page_size: 10.0", "E106", 7, 16, "Rows of a page."),
    ],
)
def test_a_wrong_setting_is_one_problem_at_its_place(
    tmp_path: Path, good: str, bad: str, code: str, line: int, column: int, hint: str
) -> None:
    assert good in GOOD
    found, problems = load(tmp_path, GOOD.replace(good, bad))
    assert found is None
    assert [(p.code, p.place.line, p.place.column) for p in problems] == [(code, line, column)], problems
    assert hint in problems[0].hint
    assert "pw" not in problems[0].sentence
