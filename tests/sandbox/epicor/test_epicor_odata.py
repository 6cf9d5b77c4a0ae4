from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.epicor.epicor_world import AP, GROUPS, VENDORS, World, encoded, fill, json, master, two_lines


@pytest.fixture
def world() -> World:
    made = World()
    fill(made.sandbox)
    return made


def many_vendors(world: World, count: int) -> None:
    rows = [{"VendorNum": 1000 + n, "VendorID": f"V{n:05}", "Name": f"Vendor {n}"} for n in range(count)]
    world.sandbox.books.load("EPIC06", "Vendor", rows)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("VendorID eq 'acme'", ["ACME"]),
        ("VendorNum eq 12", ["ACME"]),
        ("VendorNum gt 15 and not (VendorID eq 'EURO')", ["HELD"]),
        ("VendorNum ge 16", ["HELD", "EURO"]),
        ("VendorNum lt 13 or VendorNum le 12 or VendorID eq 'MISC'", ["ACME", "MISC"]),
        ("Inactive eq true", ["GONE"]),
        ("Inactive", ["GONE"]),
        ("startswith(Name, 'eur')", ["EURO"]),
        ("contains(Name,'el') and VendorNum ne 0", ["HELD"]),
        ("endswith(Name,'xed')", ["TAXED"]),
        ("VendorID eq 'ACME' or VendorID eq 'GONE'", ["ACME", "GONE"]),
        ("Name eq 'O''Brien'", []),
        ("City eq '' and VendorID eq 'ACME'", ["ACME"]),
        ("VendorNum eq 12 and VendorID eq 'EURO'", []),
    ],
)
def test_filters(world: World, text: str, ids: list[str]) -> None:
    assert [row["VendorID"] for row in world.rows(f"{VENDORS}/Vendors", _filter=text)] == ids


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("StartDate eq 2026-11-01", 1),
        ("StartDate ge 2026-11-01T00:00:00Z", 2),
        ("StartDate lt 2026-11-01 and EndDate ne null", 1),
        ("EndDate eq null", 0),
    ],
)
def test_dates_in_filters(world: World, text: str, found: int) -> None:
    assert len(world.rows("Erp.BO.FiscalPerSearchSvc/FiscalPerSearches", _filter=text)) == found


@pytest.mark.parametrize(
    "query",
    [
        {"_filter": "VendorID = 'ACME'"},
        {"_filter": "vendorid eq 'ACME'"},
        {"_filter": "VendorID eq ACME"},
        {"_filter": "VendorID eq 12"},
        {"_filter": "VendorNum eq '12'"},
        {"_filter": "VendorNum EQ 12"},
        {"_filter": "(VendorNum eq 12"},
        {"_filter": "VendorNum eq 12 and"},
        {"_filter": "VendorID eq 'ACME"},
        {"_filter": "VendorID gt null"},
        {"_filter": "(" * 500 + "VendorNum eq 12" + ")" * 500},
        {"_filter": "not " * 500 + "VendorNum eq 12"},
        {"_filter": ""},
        {"_Filter": "VendorNum eq 12"},
        {"_top": "-1"},
        {"_top": "x"},
        {"_select": "VendorID,Nam"},
        {"_orderby": "VendorID down"},
        {"_orderby": "Nam"},
        {"_expand": "Nothing"},
        {"_count": "yes"},
    ],
)
def test_what_cannot_be_read_is_an_odata_exception(world: World, query: dict[str, str]) -> None:
    answer = world.read(f"{VENDORS}/Vendors", **query)
    assert answer.status == 400
    assert json(answer)["ErrorType"].endswith("ODataException")


def test_a_hundred_rows_come_without_top_and_no_next_link(world: World) -> None:
    many_vendors(world, 250)
    body = json(world.read(f"{VENDORS}/Vendors"))
    assert len(body["value"]) == 100
    assert "@odata.nextLink" not in body
    seen: list[int] = []
    while True:
        page = world.rows(
            f"{VENDORS}/Vendors", _orderby="VendorNum", _top="100", _skip=str(len(seen)), _select="VendorNum"
        )
        seen += [row["VendorNum"] for row in page]
        if len(page) < 100:
            break
    assert seen == sorted(set(seen))
    assert len(seen) == 256


def test_count_select_order(world: World) -> None:
    body = json(world.read(f"{VENDORS}/Vendors", _count="true", _top="2", _orderby="CurrencyCode desc,VendorNum"))
    assert body["@odata.count"] == 6
    assert [row["VendorNum"] for row in body["value"]] == [12, 13]
    assert world.read(f"{VENDORS}/Vendors/$count", _filter="Inactive eq false").body == b"5"
    [row] = world.rows(f"{VENDORS}/Vendors", _select="VendorID,City,DefaultFOB", _filter="VendorNum eq 12")
    assert row == {"VendorID": "ACME", "City": "", "DefaultFOB": ""}
    newest = world.rows(f"{VENDORS}/Vendors", _orderby="VendorNum desc", _top="1")
    assert newest[0]["VendorNum"] == 17


@pytest.mark.parametrize("key", ["'EPIC06',12", "Company='EPIC06',VendorNum=12", "VendorNum=12,Company='epic06'"])
def test_a_row_by_its_key(world: World, key: str) -> None:
    answer = world.read(f"{VENDORS}/Vendors({encoded(key)})")
    assert json(answer)["VendorID"] == "ACME"


@pytest.mark.parametrize(
    ("key", "status"),
    [("'EPIC06',99", 404), ("'EPIC07',12", 404), ("'EPIC06'", 400), ("'EPIC06','12'", 400), ("", 400)],
)
def test_a_key_that_finds_nothing(world: World, key: str, status: int) -> None:
    assert world.read(f"{VENDORS}/Vendors({encoded(key)})").status == status


def test_invoice_numbers_with_odd_characters_can_be_addressed(world: World) -> None:
    world.group()
    number = "A/B 'c' 50%#1"
    assert world.call(f"{AP}/UpdateMaster", master(two_lines(number))).status == 200
    key = encoded("'EPIC06',12,'A/B ''c'' 50%#1'")
    assert json(world.read(f"{AP}/APInvoices({key})"))["InvoiceNum"] == number
    assert len(world.rows(f"{AP}/APInvoices({key})/APInvDtls")) == 2
    opened = json(world.read(f"{AP}/APInvoices({key})", _expand="APInvDtls,APInvExpTGLCs"))
    assert [row["GLAccount"] for row in opened["APInvExpTGLCs"]] == ["6100|10", "6200|20"]


def test_a_child_sets_filter_knows_the_parents_columns_only(world: World) -> None:
    service = "Erp.BO.POSvc"
    assert [row["POLine"] for row in world.rows(f"{service}/PODetails", _filter="PONum eq 4001")] == [1, 2]
    answer = world.read(f"{service}/PODetails", _filter="PONUM eq 4001")
    assert (answer.status, "PONUM" in json(answer)["ErrorMessage"]) == (400, True)
    assert len(world.rows(f"{service}/PORels", _filter="VendorNum eq 12")) == 1
    found = json(world.read(f"{service}/GetByID", poNum="4001"))["returnObj"]
    assert (len(found["PODetail"]), len(found["PORel"])) == (2, 1)


def test_sets_are_read_only_but_for_new_groups(world: World) -> None:
    made = world.send(
        "POST", f"{GROUPS}/APInvGrps", {"Company": "EPIC06", "GroupID": "YZ1", "ApplyDate": "2026-11-05"}
    )
    assert (made.status, json(made)["GroupID"]) == (201, "YZ1")
    assert world.send("POST", f"{GROUPS}/APInvGrps", {"GroupID": "yz1"}).status == 409
    assert (
        world.send("PATCH", f"{VENDORS}/Vendors({encoded(chr(39) + 'EPIC06' + chr(39) + ',12')})", {}).status == 405
    )
    assert world.send("POST", f"{VENDORS}/Vendors", {}).status == 405


def test_the_master_data_methods(world: World) -> None:
    by_id = json(world.call(f"{VENDORS}/GetByVendID", {"vendorID": "acme"}))
    assert by_id["returnObj"]["Vendor"][0]["VendorNum"] == 12
    assert world.read(f"{VENDORS}/GetByID", vendorNum="99").status == 404
    assert world.read(f"{VENDORS}/GetByID", vendorNum="twelve").status == 400
    accounts = "Erp.BO.GLAccountSvc"
    asked = {"ipCOACode": "MAIN", "ipGLAccount": "6100|10"}
    assert json(world.call(f"{accounts}/GlAccountExists", asked))["returnObj"] is True
    check = {
        "COACode": "MAIN",
        "GLAccount": "6400|10",
        "ExtCompanyID": "",
        "RestrictID": "",
        "EffectiveDate": "2026-11-05",
    }
    check["ValidateDynamicSegment"] = False
    assert world.call(f"{accounts}/ValidateGLAccount", check).status == 400
    assert world.call(f"{accounts}/ValidateGLAccount", {**check, "EffectiveDate": "2026-12-05"}).status == 200
    assert world.rows("Erp.BO.CompanySvc/Companies")[0]["Company1"] == "EPIC06"
    assert world.rows("Erp.BO.CurrExRateSvc/CurrExRates", _filter="SourceCurrCode eq 'EUR'")[1][
        "CurrentRate"
    ] == Decimal("1.20")
    for path in ("Erp.BO.PurTermsSvc/PurTerms", "Erp.BO.CurrencySvc/Currencies", "Erp.BO.GLAccountSvc/GLAccounts"):
        assert world.rows(path)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "Erp.BO.NothingSvc/GetByID", 404),
        ("POST", "Erp.BO.VendorSvc/Nothing", 404),
        ("POST", "erp.bo.vendorsvc/GetByID", 404),
        ("GET", "Erp.BO.VendorSvc/GetByVendID", 405),
        ("GET", "Erp.BO.VendorSvc/GetByID", 400),
        ("GET", "Erp.BO.VendorSvc", 404),
    ],
)
def test_addresses_that_do_not_exist(world: World, method: str, path: str, status: int) -> None:
    answer = world.send(method, path, {} if method == "POST" else None)
    assert answer.status == status
    assert set(json(answer)) == {
        "HttpStatus",
        "ReasonPhrase",
        "ErrorMessage",
        "ErrorType",
        "ErrorDetails",
        "CorrelationId",
    }


def test_look_ups_stay_fast_with_ten_thousand_invoices(world: World) -> None:
    heads = [
        {"VendorNum": 12, "InvoiceNum": f"N{n}", "GroupID": f"G{n % 50}", "Description": f"AB-{n}", "REFPONum": n}
        for n in range(10_000)
    ]
    world.sandbox.books.load("EPIC06", "APInvHed", heads)
    world.group()

    def best(work: Any) -> float:
        took = []
        for _ in range(5):
            start = time.perf_counter()
            work()
            took.append(time.perf_counter() - start)
        return min(took)

    for text in (
        "InvoiceNum eq 'N77'",
        "Description eq 'AB-77'",
        "REFPONum eq 77",
        "VendorNum eq 12 and InvoiceNum eq 'N9'",
    ):
        assert best(lambda text=text: world.rows(f"{AP}/APInvoices", _filter=text)) < 0.005, text
    assert best(lambda: world.read(f"{AP}/GetByID", vendorNum="12", invoiceNum="N5")) < 0.005
    numbers = iter(range(100))
    assert best(lambda: world.call(f"{AP}/UpdateMaster", master(two_lines(f"new {next(numbers)}")))) < 0.02
