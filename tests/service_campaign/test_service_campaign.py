"""A small sample of the service's campaign; the long ones are run by `python -m tests.service_campaign`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgres import Server
from tests.service_campaign import burst
from tests.service_campaign.many_companies import Campaign, Plan


def test_nothing_twice_nothing_lost_and_each_tick_once_while_workers_are_killed(
    postgres_server: Server, tmp_path: Path
) -> None:
    plan = Plan(seconds=12, workspaces=3, workers=2, kill_every_s=4, every_s=4)
    outcome = Campaign(plan, tmp_path, postgres_server).play()
    assert outcome.complaints == []
    assert outcome.kills >= 1
    assert outcome.entered >= 9
    assert outcome.ticks >= 6


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_burst_is_answered_kept_and_one_run_though_the_process_is_killed_at_the_last_answer(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    ledger = request.getfixturevalue("postgres_url") if kind == "postgres" else None
    assert burst.play(1000, tmp_path, ledger).complaints() == []
