"""Looking up many at once in Epicor: as few questions as the server takes, and every row at its match."""

from __future__ import annotations

import gc
import re
import weakref

import pytest
from playback import playing, reply
from subjects import SUBJECTS, rows_of

from engine.adapters.connectors.answers import BadAnswer
from engine.adapters.connectors.port import Lookup

EPICOR = SUBJECTS[1]
INVOICES = "Erp.BO.APInvoiceSvc/APInvoices"
IIS_QUERY_MAX_BYTES = 2048
REFUSAL = {"HttpStatus": 400, "ErrorMessage": "The node count limit has been exceeded", "ErrorType": "ODataException"}


def key(number):
    return (("VendorNum", 1000 + number), ("InvoiceNum", f"INV-{number:06d}"))


def twin(number, amount):
    return (("InvoiceNum", f"INV-{number:06d}"), ("DocInvoiceAmt", amount))


def row(vendor, number, amount=10):
    return {"VendorNum": vendor, "InvoiceNum": f"INV-{number:06d}", "DocInvoiceAmt": amount}


@pytest.fixture
def playback():
    with playing(lambda asked: reply({"value": []})) as running:
        yield running


@pytest.fixture
def connector(playback):
    made = EPICOR.connect(playback)
    yield made
    made.close()


def filters(playback):
    return [asked.query["$filter"] for asked in playback.asked]


def test_a_filter_is_as_long_as_iis_takes(connector, playback):
    matches = [key(number) for number in range(200)]
    connector.find(Lookup(set=INVOICES, matches=matches, expand=["APInvExps", "APInvExpTGLCs"], company="EPIC06"))
    assert 8 <= len(playback.asked) <= 9
    assert max(len(asked.raw_query) for asked in playback.asked) <= IIS_QUERY_MAX_BYTES
    asked_for = [number for text in filters(playback) for number in re.findall(r"InvoiceNum eq '([^']+)'", text)]
    assert sorted(asked_for) == [dict(match)["InvoiceNum"] for match in matches]


def test_what_is_refused_for_its_length_is_asked_in_parts_and_none_as_long_again(connector, playback):
    refused = []

    def strict(asked):
        if asked.query["$filter"].count(" eq ") > 10:
            refused.append(asked)
            return reply(REFUSAL, status=400)
        return EPICOR.serve(asked, rows_of("VendorID", 60))

    playback.respond = strict
    matches = [(("VendorID", f"K{number:04d}"),) for number in range(1, 61)]
    found = connector.find(Lookup(set=EPICOR.feed, matches=matches, company="EPIC06"))
    assert [found[match][0]["n"] for match in matches] == list(range(1, 61))
    assert refused

    refused.clear()
    again = connector.find(Lookup(set=EPICOR.feed, matches=matches, company="EPIC06"))
    assert (again, refused) == (found, [])


def test_a_value_that_is_refused_by_itself_makes_no_later_question_shorter(connector, playback):
    def picky(asked):
        if "'K0031'" in asked.query["$filter"]:
            return reply(REFUSAL, status=400)
        return EPICOR.serve(asked, rows_of("VendorID", 60))

    playback.respond = picky
    good = [(("VendorID", f"K{number:04d}"),) for number in range(1, 31)]
    for bad in ([*good, (("VendorID", "K0031"),)], [(("VendorID", "K0031"),), *good]):
        with pytest.raises(BadAnswer, match="node count limit"):
            connector.find(Lookup(set=EPICOR.feed, matches=bad, company="EPIC06"))
    playback.asked.clear()
    assert all(connector.find(Lookup(set=EPICOR.feed, matches=good, company="EPIC06")).values())
    assert len(playback.asked) == 1


def test_where_everything_is_refused_one_alone_tells(connector, playback):
    playback.play(reply(REFUSAL, status=400))
    with pytest.raises(BadAnswer, match="node count limit"):
        connector.find(Lookup(set=INVOICES, matches=[key(number) for number in range(20)], company="EPIC06"))
    assert [text.count("InvoiceNum eq") for text in filters(playback)] == [20, 1]


def test_matches_by_different_fields_are_asked_for_by_the_field_they_share(connector, playback):
    there = [row(1001, 1), row(1002, 1, 20), row(1009, 2, 20)]
    playback.play(reply({"value": there}))
    found = connector.find(
        Lookup(set=INVOICES, matches=[key(1), key(2), twin(1, 20), twin(2, 20), twin(2, 21)], company="EPIC06")
    )
    assert filters(playback) == ["InvoiceNum eq 'INV-000001' or InvoiceNum eq 'INV-000002'"]
    assert found == {
        key(1): (there[0],),
        key(2): (),
        twin(1, 20): (there[1],),
        twin(2, 20): (there[2],),
        twin(2, 21): (),
    }


def test_where_what_they_share_is_too_common_each_is_asked_for_by_all_its_fields(connector, playback):
    mine, other = row(1001, 1), row(1500, 1, 20)

    def full(asked):
        if "VendorNum" in asked.query["$filter"]:
            return reply({"value": [mine, other]})
        return reply({"value": [row(2000 + number, 1) for number in range(100)]})

    playback.respond = full
    for _ in range(2):
        found = connector.find(Lookup(set=INVOICES, matches=[key(1), twin(1, 20)], company="EPIC06"))
        assert found == {key(1): (mine,), twin(1, 20): (other,)}
    narrow = "VendorNum eq 1001 and InvoiceNum eq 'INV-000001' or InvoiceNum eq 'INV-000001' and DocInvoiceAmt eq 20"
    assert filters(playback) == ["InvoiceNum eq 'INV-000001'", narrow, narrow]


class Number(str):
    """A text that can be watched."""

    __slots__ = ("__weakref__",)


def test_a_look_up_leaves_nothing_behind_that_only_the_collector_finds(connector):
    number = Number("INV-000001")
    watched = weakref.ref(number)
    gc.disable()
    try:
        connector.find(
            Lookup(set=INVOICES, matches=[(("VendorNum", 1001), ("InvoiceNum", number))], company="EPIC06")
        )
        del number
        assert watched() is None
    finally:
        gc.enable()
