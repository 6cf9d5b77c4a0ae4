"""Replay: through the mapping as it is now, after showing it, and never what may be entered."""

from __future__ import annotations

import time
from dataclasses import replace

from engine.domain.lifecycle import State
from engine.faces.sandbox.faults import Fault, FaultKind
from engine.run.document_changes import against_last
from engine.run.ordering import named
from engine.run.replaying import propose, replay
from engine.wiring.app import open_setup, valid_workspace
from tests.acts.conftest import MakeDesk
from tests.run.house import bill, card

SAVES = Fault(kind=FaultKind.STATUS, system="epicor", path="UpdateMaster", status=400, message="the group is wrong")
JOURNALS = Fault(kind=FaultKind.NO_ANSWER_BEFORE_COMMIT, system="epicor", path="UpdateExt")


def test_a_refused_bill_enters_with_the_account_of_the_mended_crosswalk(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("B-1", "60.00", "40.00", account="5200"), bill("B-2", "10.00"))
    desk.house.sandbox.faults.add(replace(SAVES, body='"B-1"'))
    desk.types("run", "bills", code=1)
    desk.house.sandbox.faults.clear()
    desk.types("run", "bills", code=1)
    assert set(desk.house.invoices()) == {"B-2"}, "a refused bill was sent again without being asked for"

    desk.codes("R122", "R122b,*,5200,*,*,5300,=department,post,,,Freight in is scrap now")
    told = desk.is_told("replay", "B-1")
    assert "nothing was sent: say --yes" in told
    assert set(desk.house.invoices()) == {"B-2"}

    shown = desk.types("replay", "--state", "refused", "--mapping", "bills", "--since", "2020-01-01", "--yes")
    assert "60.00 debit: account 5200|10 -> 5300|10" in shown
    assert "R122" in shown
    assert "B-1: entered as" in shown
    invoices = desk.house.sandbox.report()["companies"]["EPIC06"]["invoices"]
    (entered,) = [one for one in invoices if one["number"] == "B-1"]
    assert [line["gl_account"] for line in entered["lines"]] == ["5300|10", "5300|10"]

    audit = desk.types("audit", "show", "B-1")
    assert "attempt 1" in audit
    assert "the group is wrong" in audit
    assert "books otherwise than before: 60.00 debit: account 5200|10 -> 5300|10" in audit
    assert "gl-coding.csv" in audit
    assert '"act":"replay"' in audit
    assert desk.row("B-1").attempts == 2
    assert desk.house.entry({"airbase_id": desk.row("B-1").key.source_id})["status"] == "sync_complete"
    assert desk.types("audit", "verify").startswith("the trail is whole")


def test_a_refusal_that_lied_is_found_and_not_sent_twice(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("B-1", "60.00"))
    desk.house.sandbox.faults.add(replace(SAVES, commits=True))
    desk.types("run", "bills", code=1)
    desk.house.sandbox.faults.clear()
    before = len(desk.house.wire.effects("epicor", "UpdateMaster"))
    assert desk.row("B-1").state is State.REFUSED
    assert "it is in the target already" in desk.types("replay", "B-1", "--yes")
    assert len(desk.house.wire.effects("epicor", "UpdateMaster")) == before
    assert desk.row("B-1").state is State.ENTERED


def test_what_may_be_entered_is_never_replayed(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("B-1", "60.00"), bill("B-2", "60.00", account="1300"))
    desk.types("run", "bills", code=1)
    assert "it is entered as" in desk.types("replay", "B-1", "--yes", code=1)
    assert "it is held" in desk.types("replay", "B-2", "--yes", code=1)
    assert "has no record" in desk.is_told("replay", "B-3", "--yes")
    assert "name the records" in desk.is_told("replay")
    assert desk.types("replay", "--state", "refused", "--yes") == "there is nothing to replay\n"
    assert len(desk.house.invoices()) == 1


def test_a_journal_in_doubt_goes_again_only_on_a_persons_word(make_desk: MakeDesk) -> None:
    desk = make_desk(card("one", "12.00"))
    desk.house.sandbox.faults.add(replace(JOURNALS, times=1))
    desk.types("run", "card-transactions", code=1)
    (row,) = desk.house.rows(states=[State.IN_DOUBT])
    assert row.cause == "not_found"
    key = row.key.source_id
    assert "look there first" in desk.types("replay", key, "--yes", code=1)
    assert "needs --reason" in desk.is_told("replay", key, "--yes", "--looked-in-target")
    desk.types("replay", key, "--yes", "--looked-in-target", "--reason", "asked kwon, nothing in AB261104")
    assert desk.house.row(key).state is State.ENTERED
    (journal,) = desk.house.sandbox.report()["companies"]["EPIC06"]["journals_open"]
    assert journal["description"].startswith("AB-")
    audit = desk.types("audit", "show", key)
    assert "asked kwon, nothing in AB261104" in audit


def test_a_journal_that_came_after_all_is_not_sent_again(make_desk: MakeDesk) -> None:
    desk = make_desk(card("one", "12.00"))
    desk.house.sandbox.faults.add(replace(JOURNALS, kind=FaultKind.LATE_COMMIT, seconds=4, times=1))
    desk.types("run", "card-transactions", code=1)
    (row,) = desk.house.rows(states=[State.IN_DOUBT])
    time.sleep(4)
    told = desk.types("replay", row.key.source_id, "--yes", "--looked-in-target", "--reason", "not there")
    assert "entered" in told
    assert len(desk.house.sandbox.report()["companies"]["EPIC06"]["journals_open"]) == 1


def test_only_what_was_shown_is_sent(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("B-1", "60.00", account="5200"))
    desk.house.sandbox.faults.add(SAVES)
    desk.types("run", "bills", code=1)
    desk.house.sandbox.faults.clear()
    with open_setup(valid_workspace(desk.house.folder)) as setup:
        spec = named(setup.specs, "bills")
        proposals = propose(setup, spec, setup.ledger.records(keys=["B-1"]))
    desk.codes("R122", "R122b,*,5200,*,*,5300,=department,post,,,Freight in is scrap now")
    with open_setup(valid_workspace(desk.house.folder)) as setup:
        done = replay(setup, named(setup.specs, "bills"), proposals)
    assert ["another one than was shown" in why for why in done.left.values()] == [True]
    assert desk.row("B-1").state is State.REFUSED
    assert not desk.house.invoices()


def test_what_left_the_feed_is_not_replayed(make_desk: MakeDesk) -> None:
    entry = bill("B-1", "60.00")
    desk = make_desk(entry)
    desk.house.sandbox.faults.add(SAVES)
    desk.types("run", "bills", code=1)
    desk.house.sandbox.faults.clear()
    desk.house.sandbox.airbase.books.change_entry(entry["airbase_id"], status="recalled")
    told = desk.asks("replay", "B-1", "--yes", code=1)
    assert told["proposals"][0]["why_not"].startswith("it is not in the feed any more: dismiss it")
    assert told["runs"] == []
    assert desk.row("B-1").state is State.REFUSED
    desk.types("dismiss", "B-1", "--reason", "recalled in Airbase", "--reference", "mail of 3 November")
    assert desk.types("worklist") == "nothing needs a person\n"


def test_what_the_target_proposed_is_no_change_of_ours(make_desk: MakeDesk) -> None:
    desk = make_desk(bill("B-1", "60.00", "40.00"))
    desk.house.sandbox.faults.add(SAVES)
    desk.types("run", "bills", code=1)
    desk.house.sandbox.faults.clear()
    with open_setup(valid_workspace(desk.house.folder)) as setup:
        (one,) = propose(setup, named(setup.specs, "bills"), setup.ledger.records(keys=["B-1"]))
        assert one.last is not None
        request = setup.ledger.payload(one.last.request_hash)
    assert one.judgement is not None
    document = one.judgement.document
    assert document is not None
    (sent,), (ours,) = request["body"]["ds"]["APInvHed"], document.body["ds"]["APInvHed"]
    assert set(sent) > set(ours), "Epicor has proposed nothing"
    assert one.changes.known
    assert (one.changes.entries, one.changes.values) == ((), ())

    # A ledger begun before the names of our own fields were kept has our own part of the body by itself.
    old = {**request, "sent": {**request["sent"], "ours": document.body}}
    del old["sent"]["own"]
    assert against_last(old, document) == one.changes
    old["sent"]["ours"] = {**document.body, "cTableName": "another"}
    assert [change.path for change in against_last(old, document).values] == ["cTableName"]

    # What does not say what was ours of it cannot be compared.
    del old["sent"]["ours"]
    assert not against_last(old, document).known
