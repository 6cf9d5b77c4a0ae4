from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.epicor.epicor_world import JOURNAL_GROUPS, JOURNALS, World, fill, json

EXT = {"continueProcessingOnError": True, "rollbackParentOnChildError": True}


@pytest.fixture
def world() -> World:
    made = World()
    fill(made.sandbox)
    made.journal_group()
    return made


def journal(*amounts: tuple[str, str, str], **columns: Any) -> dict[str, Any]:
    """Lines of account, debit and credit, in group AJ261105."""
    head = {"GroupID": "AJ261105", "Description": "AB-1234", "CommentText": "card", "RowMod": "A", **columns}
    rows = [
        {"GLAccount": account, "TotDebit": Decimal(debit), "TotCredit": Decimal(credit), "RowMod": "A"}
        for account, debit, credit in amounts
    ]
    return {"GLJrnHed": [head], "GLJrnDtlMnl": rows}


BALANCED = (("6100|10", "25.00", "0"), ("1090|00", "0", "25.00"))


def save(world: World, ds: dict[str, Any], **flags: bool) -> Any:
    answer = world.call(f"{JOURNALS}/UpdateExt", {"ds": ds, **EXT, **flags})
    assert answer.status == 200, answer.body
    return json(answer)


def test_update_ext_saves_a_whole_journal_and_gives_it_a_number(world: World) -> None:
    body = save(world, journal(*BALANCED, ExtSysURL="https://x"))
    assert body["parameters"]["errorsOccurred"] is False
    head = body["parameters"]["ds"]["GLJrnHed"][0]
    assert (head["JournalNum"], head["FiscalPeriod"], head["JournalCode"], head["BookID"]) == (1, 11, "GJ", "MAIN")
    assert (head["TotDebit"], head["TotCredit"], head["Balance"]) == (Decimal("25.00"), Decimal("25.00"), 0)
    [kept] = world.sandbox.books.journals("EPIC06")
    assert [line["TransAmt"] for line in kept["GLJrnDtlMnl"]] == [Decimal("25.00"), Decimal("-25.00")]
    assert [line["Description"] for line in kept["GLJrnDtlMnl"]] == ["AB-1234", "AB-1234"]
    second = save(world, journal(*BALANCED))["parameters"]["ds"]["GLJrnHed"][0]
    assert second["JournalNum"] == 2


def test_a_line_in_error_undoes_its_journal_when_asked(world: World) -> None:
    broken = journal(BALANCED[0], ("", "0", "25.00"))
    body = save(world, broken)
    assert body["parameters"]["errorsOccurred"] is True
    assert body["returnObj"]["BOUpdError"][0]["ErrorText"] == "G/L Account is required"
    assert world.sandbox.books.journals("EPIC06") == ()
    save(world, broken, rollbackParentOnChildError=False)
    [half] = world.sandbox.books.journals("EPIC06")
    assert (len(half["GLJrnDtlMnl"]), half["Balance"]) == (1, Decimal("25.00"))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({"GLAccount": "9999|10"}, "not valid"),
        ({"GLAccount": "6300|10"}, "inactive"),
        ({"TotDebit": Decimal("-1.00")}, "positive"),
        ({"TotCredit": Decimal("1.00")}, "positive"),
        ({"TotDebit": Decimal(0)}, "positive"),
        ({"SegValue1": "6200"}, "agree"),
    ],
)
def test_a_line_with_a_fault_is_refused(world: World, line: dict[str, Any], says: str) -> None:
    ds = journal(BALANCED[0])
    ds["GLJrnDtlMnl"][0] |= line
    answer = world.call(f"{JOURNALS}/Update", {"ds": ds})
    assert answer.status == 400
    assert says in json(answer)["ErrorMessage"]
    assert world.sandbox.books.journals("EPIC06") == ()


def test_the_date_must_fall_in_the_groups_period_and_be_open(world: World) -> None:
    answer = world.call(f"{JOURNALS}/Update", {"ds": journal(*BALANCED, JEDate="2026-12-01")})
    assert (answer.status, "period of group" in json(answer)["ErrorMessage"]) == (400, True)
    world.clerk.close_period("EPIC06", date(2026, 11, 5), "GL")
    answer = world.call(f"{JOURNALS}/Update", {"ds": journal(*BALANCED)})
    assert "Earliest Apply Date" in json(answer)["ErrorMessage"]


def test_posting_moves_a_journal_into_the_ledger_and_the_group_goes(world: World) -> None:
    save(world, journal(*BALANCED, ExtSysURL="https://x"))
    assert world.call(f"{JOURNAL_GROUPS}/CheckBeforePost", {"groupID": "AJ261105"}).status == 200
    posted = world.call(f"{JOURNAL_GROUPS}/PostGroupJournals", {"postGroupID": "AJ261105"})
    assert json(posted)["parameters"]["NotAllPostedMessage"] == ""
    assert world.rows(f"{JOURNALS}/GLJournalEntries") == []
    assert world.rows(f"{JOURNAL_GROUPS}/GLJrnGrps") == []
    rows = world.rows("Erp.BO.GLJrnDtlSvc/GLJrnDtls", _filter="Description eq 'AB-1234'")
    shared = {"CommentText": "card", "GroupID": "AJ261105", "ExtSysURL": "https://x", "JournalNum": 1, "Posted": True}
    assert all(row | shared == row for row in rows)
    assert [(row["DebitAmount"], row["CreditAmount"]) for row in rows] == [
        (Decimal("25.00"), 0),
        (0, Decimal("25.00")),
    ]
    assert world.sandbox.books.trial_balance("EPIC06") == {"1090|00": Decimal("-25.00"), "6100|10": Decimal("25.00")}


def test_an_unbalanced_journal_is_saved_and_only_refused_at_posting(world: World) -> None:
    save(world, journal(*BALANCED))
    save(world, journal(BALANCED[0], Description="AB-5678"))
    message = world.clerk.post_gl_group("EPIC06", "AJ261105")
    assert "Not all" in message
    [group] = world.rows(f"{JOURNAL_GROUPS}/GLJrnGrps")
    assert "Out of Balance transactions" in group["PostErrorLog"]
    assert [row["Description"] for row in world.rows(f"{JOURNALS}/GLJournalEntries")] == ["AB-5678"]
    assert len(world.sandbox.books.gl_lines("EPIC06")) == 2


def test_the_way_of_many_calls(world: World) -> None:
    new = json(world.call(f"{JOURNALS}/GetNewGlJrnHedTran", {"ds": {}, "GroupID": "AJ261105"}))["parameters"]
    new["ds"]["GLJrnHed"][0]["Description"] = "step by step"
    checked = json(world.call(f"{JOURNALS}/PreUpdate", new))["parameters"]
    assert checked["RequiresUserInput"] is False
    head = json(world.call(f"{JOURNALS}/Update", {"ds": checked["ds"]}))["parameters"]["ds"]["GLJrnHed"][0]
    key = {
        "bookID": head["BookID"],
        "fiscalYear": head["FiscalYear"],
        "fiscalYearSuffix": head["FiscalYearSuffix"],
        "journalCode": head["JournalCode"],
        "journalNum": head["JournalNum"],
    }
    for account, side in (("6100|10", "TotDebit"), ("1090|00", "TotCredit")):
        line = json(world.call(f"{JOURNALS}/GetNewGLJrnDtlMnl", {"ds": {}, **key, "journalLine": 0}))["parameters"]
        line["ds"]["GLJrnDtlMnl"][0] |= {"GLAccount": account, side: Decimal("7.00")}
        assert world.call(f"{JOURNALS}/Update", line).status == 200
    query = {name: str(value) for name, value in key.items()} | {"fiscalCalendarID": "CAL"}
    found = json(world.read(f"{JOURNALS}/GetByID", **query))["returnObj"]
    assert found["GLJrnHed"][0]["Balance"] == 0
    assert [row["JournalLine"] for row in found["GLJrnDtlMnl"]] == [1, 2]
    assert world.call(f"{JOURNALS}/DeleteByID", {**key, "fiscalCalendarID": "CAL"}).status == 200
    assert world.sandbox.books.journals("EPIC06") == ()


def test_group_methods_prepare_without_writing(world: World) -> None:
    new = json(world.call(f"{JOURNAL_GROUPS}/GetNewGLJrnGrp", {"ds": {}}))["parameters"]["ds"]
    assert new["GLJrnGrp"][0]["ActiveUserID"] == "svc"
    dated = json(
        world.call(f"{JOURNAL_GROUPS}/CheckFiscalYear", {"ds": new, "cGroupID": "X", "cJEDate": "2026-12-09"})
    )
    ds = dated["parameters"]["ds"]
    assert ds["GLJrnGrp"][0]["FiscalPeriod"] == 12
    ds = json(world.call(f"{JOURNAL_GROUPS}/ChangeBookID", {"proposeBookID": "MAIN", "ds": ds}))["parameters"]["ds"]
    ds = json(world.call(f"{JOURNAL_GROUPS}/ChangeEntryMode", {"proposedBookMode": "S", "ds": ds}))["parameters"][
        "ds"
    ]
    answer = world.call(f"{JOURNAL_GROUPS}/ChangeJournalCode", {"proposedJournalCode": "GJ", "ds": ds})
    ds = json(answer)["parameters"]["ds"]
    assert len(world.rows(f"{JOURNAL_GROUPS}/GLJrnGrps")) == 1
    ds["GLJrnGrp"][0]["GroupID"] = "NEW"
    assert world.call(f"{JOURNAL_GROUPS}/UpdateNoLock", {"ds": ds}).status == 200
    assert world.call(f"{JOURNAL_GROUPS}/UpdateNoLock", {"ds": ds}).status == 409
    assert world.call(f"{JOURNAL_GROUPS}/UnlockGroup", {"inGroupID": "NEW"}).status == 200
    assert (
        json(world.read(f"{JOURNAL_GROUPS}/GetByID", groupID="new"))["returnObj"]["GLJrnGrp"][0]["ActiveUserID"] == ""
    )


def test_a_group_that_someone_else_holds_takes_no_journal(world: World) -> None:
    world.clerk.lock_gl_group("EPIC06", "AJ261105")
    body = save(world, journal(*BALANCED))
    assert "in use by user clerk" in body["returnObj"]["BOUpdError"][0]["ErrorText"]
    world.clerk.unlock_gl_group("EPIC06", "AJ261105")
    assert save(world, journal(*BALANCED))["parameters"]["errorsOccurred"] is False
