"""Epicor's own ways: company, batches, typed filters, seats, duplicates, the catalogue."""

from __future__ import annotations

from datetime import date

import pytest
from playback import Reply, playing, reply
from subjects import START, SUBJECTS, rows_of

from engine.adapters.connectors.epicor.catalogue import epicor_catalogue
from engine.adapters.connectors.epicor.dialect import judge
from engine.adapters.connectors.port import Call, Lookup
from engine.domain.outcome import Proof
from engine.wire.request import Response
from engine.words.clock import ManualClock
from engine.words.errors import InputError, ProgramError
from engine.words.json_value import encode

EPICOR = SUBJECTS[1]


def refusal(status, kind="Ice.Common.BusinessObjectException", message="No."):
    return Response(
        status=status,
        body=encode({"HttpStatus": status, "ReasonPhrase": "x", "ErrorMessage": message, "ErrorType": kind}),
    )


@pytest.mark.parametrize(
    ("response", "proof", "passing", "wait_s"),
    [
        (refusal(400), Proof.NO_EFFECT, False, None),
        (refusal(404, "Ice.Common.RecordNotFoundException"), Proof.NO_EFFECT, False, None),
        (refusal(409, "Ice.Common.DuplicateRecordException"), Proof.DUPLICATE, False, None),
        (refusal(409, ""), Proof.DUPLICATE, False, None),
        (refusal(409, "Ice.Common.BusinessObjectException", "row was changed"), Proof.NO_EFFECT, False, None),
        (refusal(400, message="This is a duplicate entry of an existing record"), Proof.DUPLICATE, False, None),
        (refusal(400, "Ice.Common.LicenseAccessException"), Proof.NO_EFFECT, True, 30),
        (refusal(400, message="Maximum users exceeded on license type X"), Proof.NO_EFFECT, True, 30),
        (refusal(503, "Ice.ConversionsPendingException"), Proof.NO_EFFECT, True, None),
        (refusal(410, "Ice.InvalidSessionException"), Proof.NO_EFFECT, True, None),
        (refusal(500, "Ice.Common.DuplicateRecordException"), Proof.NONE, False, None),
        (refusal(422), Proof.NONE, False, None),
        (Response(status=409, body=b"<html>duplicate</html>"), Proof.NONE, False, None),
        (Response(status=200, body=b'{"parameters": {"errorsOccurred": true}}'), Proof.EFFECT, False, None),
    ],
)
def test_what_an_answer_proves(response, proof, passing, wait_s):
    judged = judge(response)
    assert (judged.proof, judged.passing, judged.retry_after_s) == (proof, passing, wait_s)


@pytest.fixture
def playback():
    with playing(lambda asked: EPICOR.serve(asked, rows_of("VendorID", 5))) as running:
        yield running


@pytest.fixture
def connector(playback):
    made = EPICOR.connect(playback, plant="MfgSys", licence="web_service")
    yield made
    made.close()


def test_addresses_name_the_company(connector, playback):
    connector.call(Call(verb="call", path="Erp.BO.X/GetNew", company="A B"))
    connector.call(Call(verb="call", path="efx/Lib/Do", company="EPIC06", body={"a": date(2026, 11, 23)}))
    connector.call(Call(verb="get", path="Erp.BO.X/GetByID", company="EPIC06", params=(("invoiceNum", "a+b/c&d"),)))
    assert [(asked.method, asked.path) for asked in playback.asked] == [
        ("POST", "/api/v2/odata/A%20B/Erp.BO.X/GetNew"),
        ("POST", "/api/v2/efx/EPIC06/Lib/Do"),
        ("GET", "/api/v2/odata/EPIC06/Erp.BO.X/GetByID"),
    ]
    assert playback.asked[0].body == b"{}"
    assert playback.asked[1].json() == {"a": "2026-11-23"}
    assert playback.asked[2].query == {"invoiceNum": "a+b/c&d"}
    assert '"Plant":"MfgSys"' in playback.asked[0].headers["callsettings"]
    assert "9439" in playback.asked[0].headers["license"]


def test_a_company_is_needed(connector, playback):
    with pytest.raises(InputError, match="needs a company"):
        connector.call(Call(verb="call", path="Erp.BO.X/Y"))
    with pytest.raises(InputError, match="needs a company"):
        list(connector.read(EPICOR.feed))
    assert not connector.ping().ok
    assert playback.asked == []


def test_filters_are_typed_by_the_catalogue(connector, playback):
    playback.play(reply({"value": []}))
    connector.find(
        Lookup(
            set="Erp.BO.APInvoiceSvc/APInvoices",
            matches=[(("VendorNum", "231"), ("InvoiceNum", " O'Neil ")), (("VendorNum", "x"), ("InvoiceNum", "1"))],
            fields=["Posted"],
            company="EPIC06",
        )
    )
    connector.find(
        Lookup(
            set="Erp.BO.APInvoiceSvc/APInvoices", matches=[(("InvoiceNum", 77), ("Posted", "true"))], company="EPIC06"
        )
    )
    connector.find(
        Lookup(set="Erp.BO.APInvGrpSvc/APInvGrps", matches=[(("ApplyDate", date(2026, 11, 5)),)], company="EPIC06")
    )
    first, second, third = playback.asked
    assert first.query["$filter"] == "VendorNum eq 231 and InvoiceNum eq 'O''Neil'"
    assert first.query["$select"] == "Posted,VendorNum,InvoiceNum"
    assert first.query["$orderby"] == "VendorNum,InvoiceNum"
    assert second.query["$filter"] == "InvoiceNum eq '77' and Posted eq true"
    assert third.query["$filter"] == "ApplyDate eq 2026-11-05T00:00:00"
    assert "+" not in first.raw_query


def test_rows_are_sorted_to_matches_whatever_their_spelling(connector, playback):
    rows = [
        {"VendorNum": 231, "InvoiceNum": "INV-1 ", "ApplyDate": "2026-11-05T00:00:00"},
        {"VendorNum": 231, "InvoiceNum": "other", "ApplyDate": None},
    ]
    playback.play(reply({"value": rows}))
    match = (("VendorNum", "231"), ("InvoiceNum", "inv-1"), ("ApplyDate", date(2026, 11, 5)))
    found = connector.find(Lookup(set="Erp.BO.APInvoiceSvc/APInvoices", matches=[match], company="EPIC06"))
    assert [row["InvoiceNum"] for row in found[match]] == ["INV-1 "]


def test_a_look_up_without_a_value_is_refused(connector, playback):
    with pytest.raises(ProgramError):
        connector.find(Lookup(set=EPICOR.feed, matches=[(("VendorID", None),)], company="EPIC06"))
    assert playback.asked == []


def test_reads_of_an_unknown_set_need_an_order(connector, playback):
    with pytest.raises(InputError, match="orderby"):
        list(connector.read("BaqSvc/Open/Data", company="EPIC06"))
    playback.play(reply({"value": []}))
    list(connector.read("BaqSvc/Open/Data", params=(("$orderby", "Key1"),), company="EPIC06"))
    assert playback.asked[0].query["$orderby"] == "Key1"
    with pytest.raises(InputError, match=r"\$top belongs to the paging"):
        connector.read(EPICOR.feed, params=(("$top", "5"),), company="EPIC06")


def test_no_free_seat_is_waited_for_by_reads(playback):
    clock = ManualClock(START)
    connector = EPICOR.connect(playback, clock=clock)
    seats = refusal(400, "Ice.Common.LicenseAccessException", "Maximum users exceeded on license type")
    left = [Reply(status=400, body=seats.body)]
    playback.respond = lambda asked: left.pop() if left else EPICOR.serve(asked, rows_of("VendorID", 1))
    assert len(next(iter(connector.read(EPICOR.feed, company="EPIC06"))).rows) == 1
    assert clock.instant().seconds == 30
    connector.close()


def test_the_catalogue_knows_what_mappings_use():
    known = epicor_catalogue()
    assert known.has_set("Erp.BO.VendorSvc/Vendors")
    assert not known.has_set("Erp.BO.VendorSvc/Vendor")
    assert {"VendorID", "VendorNum", "Inactive"} <= known.set_fields("Erp.BO.VendorSvc/Vendors")
    assert known.set_keys("Erp.BO.APInvoiceSvc/APInvoices") == ("Company", "VendorNum", "InvoiceNum")
    assert known.has_method("Erp.BO.PaymentEntrySvc/CreateNewCheckHed")
    assert not known.has_method("Erp.BO.APInvoiceSvc/UpdateMister")
    assert known.field_kind("Erp.BO.APInvoiceSvc/APInvoices", "ApplyDate") == "date"
    assert known.field_kind("Erp.BO.APInvoiceSvc/APInvoices", "SysRowID") == "guid"
    assert known.set_fields("nothing") == frozenset() == known.table_fields("nothing")
    assert {"APInvHed", "APInvExpTGLC", "CheckHed"} <= set(known.tables())
    assert len(known.sets()) > 100
    assert len(known.methods()) > 200
