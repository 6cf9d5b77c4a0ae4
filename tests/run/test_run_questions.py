"""How often Epicor is asked: what is known already is not asked again, and what can be asked together is."""

from __future__ import annotations

import re
from collections import Counter

from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.faults import Fault, FaultKind
from engine.run.live_world import LiveWorld
from tests.run.conftest import MakeHouse
from tests.run.house import VENDORS, House, bill, bills

SAVE = "UpdateMaster"
GROUP = "APInvGrpSvc/Update"


def asked(house: House, path: str, field: str) -> Counter[str]:
    """How often each value of a field was asked for in EPIC06, in what was asked before the first save."""
    paths = [request.path for _, request in house.wire.requests]
    until = next((number for number, one in enumerate(paths) if SAVE in one), len(paths))
    texts = [_filter(request) for _, request in house.wire.requests[:until] if f"/EPIC06/{path}" in request.path]
    return Counter(re.findall(rf"{field} eq '?([^' ]+)", " ".join(texts)))


def read_backs(house: House) -> list[int]:
    """Of how many invoices each question was after the first save."""
    requests = [request for _, request in house.wire.requests]
    first = next(number for number, one in enumerate(requests) if SAVE in one.path)
    questions = [request for request in requests[first:] if request.path.endswith("/APInvoices")]
    return [_filter(request).count("InvoiceNum eq") for request in questions]


def _filter(request: SandboxRequest) -> str:
    return dict(request.query).get("$filter", "")


def test_each_vendor_group_and_number_is_asked_for_once_before_anything_is_sent(make_house: MakeHouse) -> None:
    entries = bills(30)
    house = make_house(*entries)
    house.run("bills")

    assert set(house.states("bills").values()) == {"entered"}
    vendors = asked(house, "Erp.BO.VendorSvc/Vendors", "VendorID")
    assert (len(vendors), set(vendors.values())) == (10, {1})
    numbers = asked(house, "Erp.BO.APInvoiceSvc/APInvoices", "InvoiceNum")
    assert numbers == Counter(entry["invoice_number"] for entry in entries)
    groups = asked(house, "Erp.BO.APInvGrpSvc/APInvGrps", "GroupID")
    assert (len(groups), set(groups.values())) == (20, {1})
    assert len([path for path in house.wire.paths("epicor") if path.endswith("/APInvGrps")]) == 1
    assert len(house.wire.effects("epicor", GROUP)) == 20
    proposals = [path for path in house.wire.paths("epicor", "POST") if path.endswith("/GetNewAPInvGrpNoLock")]
    assert len(proposals) == 1


def test_what_was_looked_up_is_remembered_until_there_is_too_much_of_it(make_house: MakeHouse) -> None:
    house = make_house(bill("B-1"))

    def asks(world: LiveWorld, vendor: int, *fields: str) -> int:
        before = len(house.wire.requests)
        match = (("VendorID", VENDORS[vendor].id),)
        rows = world.look_up("epicor", "EPIC06", "Erp.BO.VendorSvc/Vendors", [match], fields)[match]
        assert [row["VendorNum"] for row in rows] == [VENDORS[vendor].number]
        assert all(field in rows[0] for field in fields)
        return len(house.wire.requests) - before

    with house.setup() as setup:
        world = LiveWorld(setup, remembered_max=2)
        assert [asks(world, 0, "VendorNum", "Name"), asks(world, 1, "VendorNum")] == [1, 1]
        assert [asks(world, 0, "VendorID", "VendorNum"), asks(world, 2, "VendorNum")] == [0, 1]
        assert [asks(world, 0, "VendorNum"), asks(world, 1, "VendorNum")] == [0, 1]
        # Another field of the same rows is asked for once, and what was known of them with it.
        assert [asks(world, 1, "VendorNum", "Name"), asks(world, 1, "VendorNum", "Inactive")] == [1, 1]
        assert asks(world, 1, "VendorNum", "Name") == 0
        # All fields serve every later question, and not the other way round.
        assert [asks(world, 0), asks(world, 0, "VendorNum", "Inactive")] == [1, 0]


def test_a_group_whose_making_got_no_answer_is_looked_for_and_not_made_again(make_house: MakeHouse) -> None:
    entries = [bill("B-1"), bill("B-2")]
    house = make_house(*entries)
    lost = Fault(kind=FaultKind.NO_ANSWER_AFTER_COMMIT, system="epicor", path=GROUP, times=1)
    house.sandbox.faults.add(lost)
    house.run("bills")
    assert sorted(house.states("bills").values()) == ["entered", "ready"]
    house.run("bills")
    assert set(house.states("bills").values()) == {"entered"}
    assert len(house.wire.effects("epicor", GROUP)) == 1


def test_so_many_are_read_back_together_as_the_target_has_earned(make_house: MakeHouse) -> None:
    house = make_house(*bills(80), epicor="in_flight: 1")
    house.edit("connections.yaml", "connections:\n", "stop_after_refused: 4\nconnections:\n")
    respond = house.sandbox.epicor.respond

    def forgetful(request: SandboxRequest) -> SandboxResponse:
        """Says that it took the thirtieth, and did not."""
        if SAVE in request.path and b'"B-30"' in request.body:
            return SandboxResponse.json(200, {"parameters": {"lUpdateRan": True, "opMessage": ""}})
        return respond(request)

    house.sandbox.epicor.respond = forgetful  # type: ignore[method-assign]
    result = house.run("bills", wait=False)

    assert (result.stopped, Counter(house.states("bills").values())) == ("", {"entered": 79, "in_doubt": 1})
    sizes = read_backs(house)
    assert sizes[:6] == [4, 4, 4, 4, 4, 20]
    assert sizes[6] == 4
    assert 20 in sizes[7:]
