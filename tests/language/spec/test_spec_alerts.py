"""alerts.yaml: channels and rules, every mistake at its place, and no secrets."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from test_spec_schemas import CURRENT

from engine.language.spec.alerts import Alerts, load_alerts
from engine.language.spec.alerts_schema import RULES
from engine.language.spec.yaml_reader import read_yaml
from engine.wiring.new_alerts import EXAMPLE, alerts_text
from engine.words.problem import Problem


def load(folder: Path, text: str) -> tuple[Alerts | None, tuple[Problem, ...]]:
    (folder / "alerts.yaml").write_text(text, encoding="utf-8")
    return load_alerts(folder / "alerts.yaml", folder, mappings=["bills", "vendors"])


def test_the_example_has_every_rule_and_every_kind_of_channel(tmp_path: Path) -> None:
    found, problems = load(tmp_path, EXAMPLE)
    assert problems == ()
    assert found is not None
    assert {rule.on for rule in found.rules} == set(RULES)
    assert {channel.kind for channel in found.channels.values()} == {"email", "slack", "teams", "webhook"}
    assert found.channels["desk"].address == "smtp://smtp.example.com:587"
    assert found.channels["chat"].address == "https://hooks.slack.com"
    by_name = {rule.name: rule for rule in found.rules}
    assert by_name["in_doubt"].after == timedelta(hours=1)
    assert by_name["held"].above == {"USD": Decimal("50000.00"), "EUR": Decimal("50000.00")}
    assert by_name["refused"].repeat_after == timedelta(days=1)
    assert by_name["run_late"].covers("bills")
    assert not by_name["run_late"].covers("vendors")
    node, _ = read_yaml(EXAMPLE, "x.yaml")
    assert node is not None
    plain = json.loads(json.dumps(node.plain(), default=str).replace('"50000.00"', "50000.00"))
    jsonschema.validate(plain, json.loads(CURRENT["alerts.schema.json"]))


def test_without_a_file_or_with_comments_alone_nobody_is_told(tmp_path: Path) -> None:
    assert load_alerts(tmp_path / "alerts.yaml", tmp_path) == (None, ())
    assert load(tmp_path, alerts_text()) == (None, ())
    uncommented = "".join(f"{line[2:]}\n" for line in alerts_text().splitlines()[5:])
    assert uncommented == EXAMPLE


GOOD = """\
channels:
  desk: {kind: email, host: smtp.example.com, from: a@example.com, to: [b@example.com]}
  pager:
    kind: webhook
    address: https://pager.example.com/hook
rules:
  - {on: refused, tell: [desk]}
  - {on: in_doubt, after: 30m, tell: [desk, pager]}
  - {on: run_late, after: 26h, mappings: [bills], tell: [pager]}
  - {on: held, above: {USD: 500}, tell: [pager]}
"""


@pytest.mark.parametrize(
    ("good", "bad", "code", "line", "column", "hint"),
    [
        ("on: refused", "on: refusd", "E107", 7, 10, "did you mean 'refused'?"),
        ("after: 30m, ", "", "E105", 8, 5, "30m"),
        ("after: 30m", "after: 30s", "E107", 8, 27, "30m, 6h or 2d"),
        ("tell: [desk]}", "tell: [dsk]}", "E311", 7, 26, "did you mean 'desk'?"),
        ("mappings: [bills]", "mappings: [bils]", "E307", 9, 43, "did you mean 'bills'?"),
        ("kind: webhook", "kind: webhok", "E107", 4, 11, "did you mean 'webhook'?"),
        ("https://pager", "http://pager", "E702", 5, 14, "use https"),
        ("https://pager", "https://me:pw@pager", "E702", 5, 14, "credentials set"),
        ("/hook\n", "/hook\n    signing_secret: abc\n", "E104", 6, 5, "credentials set alerts.CHANNEL"),
        ("from: a@example.com", "from: nobody", "E107", 2, 53, "an e-mail address"),
        ("host: smtp.example.com, ", "", "E105", 2, 3, "mail server"),
        ("    address: https://pager.example.com/hook\n", "", "E105", 3, 3, "posted to"),
        ("USD: 500", "US: 500", "E107", 10, 24, "three capital letters"),
        ("USD: 500", "USD: -500", "E107", 10, 29, "at least 0"),
        ("after: 26h", "after: 26", "E106", 9, 27, "30m, 6h or 2d"),
        ("host: smtp.example.com", "host: smtp.example.com, security: none", "E702", 2, 57, "starttls or tls"),
        ("host: smtp.example.com", "host: smtp.example.com, port: 65536", "E702", 2, 53, ""),
        ("on: refused", "on: in_doubt, after: 1h", "E309", 8, 5, "`name` of its own"),
        ("{on: refused, ", "{on: refused, above: {USD: 1}, ", "E104", 7, 19, ""),
    ],
)
def test_a_mistake_is_one_problem_at_its_place(
    tmp_path: Path, good: str, bad: str, code: str, line: int, column: int, hint: str
) -> None:
    assert good in GOOD
    found, problems = load(tmp_path, GOOD.replace(good, bad, 1))
    assert found is None
    assert [(p.code, p.place.line, p.place.column) for p in problems] == [(code, line, column)], problems
    assert hint in problems[0].hint


@pytest.mark.parametrize("text", ["channels:\n  desk: {kind: email}\n", "- {}\n", "rules: [{}]\n", "on\n"])
def test_half_a_file_is_problems_and_no_fault_of_the_program(tmp_path: Path, text: str) -> None:
    found, problems = load(tmp_path, text)
    assert found is None
    assert {problem.code for problem in problems} <= {"E105", "E106", "E110"}
    assert problems
