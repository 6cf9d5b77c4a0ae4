"""Each rule tells a cause once, groups what shares it, and tells it again only when it came back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.domain.lifecycle import State
from engine.run.alerting.looks import JobLook, Looks
from engine.run.exposure import Exposed, Exposure
from engine.run.reconciling.report import ControlReport, Finding
from engine.run.reconciling.sides import Reading
from engine.wiring.app import open_vault
from engine.words.secret import Secret
from tests.alerts.conftest import MakeDesk
from tests.alerts.desk import NOW, Desk
from tests.alerts.receivers import Receiver

Act = Callable[[Desk], Any]


def dismiss(desk: Desk, ids: Any) -> None:
    desk.move(ids, State.DISMISSED)


def clear(desk: Desk, ids: Any) -> None:
    desk.move(ids, State.ENTERED, cause="", reason="")


def run_again(desk: Desk, _ids: Any) -> None:
    desk.good_run("bills")


def free(desk: Desk, _ids: Any) -> None:
    desk.event("line_freed", "line epicor/EPIC06", why="refreshed")


def store(desk: Desk, _ids: Any) -> None:
    open_vault(desk.workspace).set("epicor", "password", Secret("again"))


def age(desk: Desk) -> list[int]:
    ids = desk.in_doubt("10.00", "20.50")
    desk.pass_time(minutes=31)
    return ids


def late(desk: Desk) -> None:
    desk.good_run("bills")
    desk.pass_time(hours=27)
    desk.good_run("bills", stopped="the target accepted nothing")
    desk.good_run("bills", broke_off="Unreachable")


def forget(desk: Desk) -> None:
    open_vault(desk.workspace).remove("epicor", "password")


RULES: dict[str, tuple[str, Act, Callable[[Desk, Any], None], dict[str, Any]]] = {
    "refused": (
        "on: refused",
        lambda desk: desk.refused("10.00", "20.50", "-1.00"),
        dismiss,
        {
            "cause": "bills",
            "title": "the target refused 3 documents of bills",
            "count": 3,
            "amounts": {"USD": "29.50"},
            "oldest": NOW.isoformat(),
            "next": "ml-connector worklist --mapping bills --cause refused",
        },
    ),
    "in_doubt": (
        "on: in_doubt, after: 30m",
        age,
        clear,
        {
            "cause": "bills",
            "title": "nobody knows whether 2 documents of bills arrived",
            "count": 2,
            "amounts": {"USD": "30.50"},
            "oldest": NOW.isoformat(),
            "next": "ml-connector run bills",
        },
    ),
    "held": (
        "on: held, above: {USD: 100.00, EUR: 5}",
        lambda desk: [*desk.held("60.00", "-40.01"), *desk.held("5.00", currency="EUR")],
        dismiss,
        {
            "cause": "USD",
            "title": "more than 100.00 USD is held",
            "count": 2,
            "amounts": {"USD": "100.01"},
            "next": "ml-connector worklist",
        },
    ),
    "findings": (
        "on: findings",
        lambda desk: desk.entered("10.00", "5.00", cause="vanished"),
        clear,
        {
            "cause": "bills vanished",
            "title": "2 documents of bills: The document was entered and is not in the target any more.",
            "count": 2,
            "amounts": {"USD": "15.00"},
            "next": "ml-connector worklist --mapping bills --cause vanished",
        },
    ),
    "run_late": (
        "on: run_late, after: 26h, mappings: [bills]",
        late,
        run_again,
        {
            "cause": "bills",
            "title": "bills has had no successful run for 26 hours",
            "count": 0,
            "next": "ml-connector run bills",
        },
    ),
    "line_stopped": (
        "on: line_stopped",
        lambda desk: desk.event("line_stopped", "line epicor/EPIC06", reason="40 are gone"),
        free,
        {
            "cause": "line epicor/EPIC06",
            "title": "nothing is entered into epicor of EPIC06: too many of our documents are gone from it",
            "next": "ml-connector sweep --accept-missing --reason TEXT",
        },
    ),
    "credential": (
        "on: credential",
        forget,
        store,
        {"title": "epicor password is not set", "next": "ml-connector credentials set epicor password"},
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_a_cause_is_told_once_and_again_when_it_came_back(desk_with: MakeDesk, receiver: Receiver, name: str) -> None:
    rule, raise_it, end_it, expected = RULES[name]
    desk = desk_with(rule)
    assert desk.check().told == 0
    ids = raise_it(desk)
    assert (desk.check().told, desk.check().told, desk.check().standing) == (1, 0, 1)
    (posted,) = receiver.take()
    told = posted.json
    assert {key: told[key] for key in expected} == expected
    assert (told["event"], told["rule"], told["workspace"]) == ("raised", name, "desk")
    assert "Rosa" not in str(told)
    assert "record-" not in str(told)
    end_it(desk, ids)
    assert (desk.check().standing, desk.check().told) == (0, 0)
    assert receiver.take() == []
    desk.pass_time(seconds=1)
    raise_it(desk)
    assert (desk.check().told, desk.check().told) == (1, 0)
    (again,) = receiver.take()
    assert again.json["event"] == "raised"
    assert again.json["id"] != told["id"]


def test_below_its_threshold_nothing_is_told(desk_with: MakeDesk, receiver: Receiver) -> None:
    desk = desk_with("on: held, above: {USD: 100.00}\non: in_doubt, after: 30m\non: run_late, after: 26h")
    desk.held("60.00", "40.00")
    desk.held("1000.00", currency="CAD")
    desk.in_doubt("10.00")
    desk.pass_time(minutes=29)
    assert desk.check().standing == 0
    assert receiver.take() == []


def test_mappings_are_told_apart_and_a_rule_may_name_some(desk_with: MakeDesk, receiver: Receiver) -> None:
    desk = desk_with("on: refused\non: refused, name: vendors-refused, mappings: [vendors]")
    desk.refused("1.00", "2.00")
    desk.refused("3.00", mapping="credits")
    desk.refused("4.00", mapping="vendors")
    assert desk.check().told == 4
    told = sorted((one.json["rule"], one.json["cause"], one.json["count"]) for one in receiver.take())
    assert told == [
        ("refused", "bills", 2),
        ("refused", "credits", 1),
        ("refused", "vendors", 1),
        ("vendors-refused", "vendors", 1),
    ]


def test_repeat_after_tells_what_it_is_by_then_and_clearing_may_be_told(
    desk_with: MakeDesk, receiver: Receiver
) -> None:
    desk = desk_with("on: refused, repeat_after: 1d, tell_cleared: true")
    ids = desk.refused("10.00")
    assert desk.check().told == 1
    ids += desk.refused("20.00")
    desk.pass_time(hours=23)
    assert desk.check().told == 0
    desk.pass_time(hours=1)
    assert (desk.check().told, desk.check().told) == (1, 0)
    first, again = (one.json for one in receiver.take())
    assert (first["event"], again["event"]) == ("raised", "again")
    assert again["title"] == "still so: the target refused 2 documents of bills"
    assert again["amounts"] == {"USD": "30.00"}
    assert again["raised_at"] == first["raised_at"]
    dismiss(desk, ids)
    assert (desk.check().told, desk.check().told) == (1, 0)
    (over,) = (one.json for one in receiver.take())
    assert (over["event"], over["title"]) == ("cleared", "over: the target refused 2 documents of bills")


def report(*findings: Finding, problem: str = "") -> ControlReport:
    return ControlReport(
        company="EPIC06",
        period="2026-11",
        first="2026-11-01",
        last="2026-11-30",
        zone="UTC",
        currency="USD",
        run_at="",
        rules="",
        source="airbase",
        target="epicor",
        readings=(Reading(what="airbase", problem=problem),),
        states=None,
        unclaimed=None,
        without_place=0,
        roll_forwards=(),
        exposure=None,
        by_account=None,
        by_vendor=None,
        in_base=None,
        findings=findings,
        unknown=("the opening",),
    )


def test_what_was_not_looked_at_stays_as_it_was_told(desk_with: MakeDesk, receiver: Receiver) -> None:
    desk = desk_with("on: exposure\non: reconcile_out\non: job_failed")
    finding = Finding(kind="x", what="Rosa Luz", amount=Decimal("12.30"), currency="USD", sentence="s")
    (row_id,) = desk.entered("70.00")
    with desk.setup() as setup:
        row = next(row for row in setup.ledger.records() if row.id == row_id)
    exposed = Exposed(row=row, reference="R", balance=Decimal("70.00"), why=("not held",), keyed=False)
    bad = Looks(
        exposure=Exposure(exposed=[exposed, exposed]),
        reports=(report(finding),),
        jobs=(JobLook(name="run bills", trouble="set aside", at=NOW),),
    )
    assert desk.check(bad).told == 3
    told = {one.json["rule"]: one.json for one in receiver.take()}
    assert told["exposure"]["title"] == "the target could pay 2 documents of EPIC06 that the source pays"
    assert told["exposure"]["amounts"] == {"USD": "140.00"}
    assert told["exposure"]["next"] == "ml-connector exposure --company EPIC06"
    assert told["reconcile_out"]["title"] == "EPIC06 2026-11 does not tie: 1 difference"
    assert told["reconcile_out"]["amounts"] == {"USD": "12.30"}
    assert told["reconcile_out"]["next"] == "ml-connector reconcile --company EPIC06 --period 2026-11"
    assert told["job_failed"]["title"] == "the job run bills: set aside"

    def standing() -> set[str]:
        return {row.rule for row in desk.book() if row.cleared_at is None}

    desk.check()
    desk.check(
        Looks(exposure=Exposure(unread=[row]), reports=(report(problem="503"),), jobs=(JobLook(name="sweep"),))
    )
    desk.check(Looks(exposure=Exposure(), exposure_of="EPIC07"))
    assert standing() == {"exposure", "reconcile_out", "job_failed"}
    assert receiver.take() == []
    desk.check(Looks(exposure=Exposure(), reports=(report(),), jobs=(JobLook(name="run bills"),)))
    assert standing() == set()


def test_files_with_errors_are_one_message_for_all_jobs_that_fail_for_them(
    desk_with: MakeDesk, receiver: Receiver
) -> None:
    desk = desk_with("on: job_failed, tell_cleared: true")
    desk.check(Looks(jobs=(JobLook(name="run bills", trouble="failed"),)))
    assert [one.json["title"] for one in receiver.take()] == ["the job run bills: failed"]
    for name in ("run bills", "run vendors", "sweep", "alerts"):
        desk.check(Looks(jobs=(JobLook(name=name, trouble="failed", files_wrong=True),)))
    (told,) = receiver.take()
    assert told.json["title"] == "no job runs: the workspace's files have errors"
    assert told.json["next"] == "ml-connector validate"
    desk.check(Looks(jobs=(JobLook(name="run vendors"),)))
    (over,) = receiver.take()
    assert over.json["title"] == f"over: {told.json['title']}"
    assert [row.cause for row in desk.book() if row.cleared_at is None] == ["run bills"]


def test_the_book_forgets_what_is_long_over_and_rules_that_are_gone(desk_with: MakeDesk, receiver: Receiver) -> None:
    desk = desk_with("on: refused, tell_cleared: true\non: held, above: {USD: 1}")
    desk.refused("10.00")
    ids = desk.held("10.00")
    assert desk.check().told == 2
    assert desk.workspace.alerts is not None
    desk.workspace = replace(
        desk.workspace, alerts=replace(desk.workspace.alerts, rules=desk.workspace.alerts.rules[1:])
    )
    assert desk.check().told == 0
    assert {row.rule: row.cleared_at is None for row in desk.book()} == {"refused": False, "held": True}
    dismiss(desk, ids)
    desk.check()
    desk.clock.sleep(timedelta(days=91).total_seconds())
    desk.check()
    assert desk.book() == ()
