"""Record types, systems and tenants nobody planned for: added by YAML, with no line of Python."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.faults import Fault, FaultKind
from engine.faces.sandbox.seed import ODD
from engine.faces.sandbox.seed.bills import bill_payments
from engine.wiring.app import open_vault
from engine.words.errors import InputError
from engine.words.json_value import decode
from engine.words.secret import Secret
from tests.run.conftest import MakeHouse
from tests.run.house import FEED, VENDORS, House, bill, bills
from tests.run.other_system import KEY, OtherSystem, other_system

ADDED = Path(__file__).parent / "added"


def added(name: str) -> str:
    """A mapping that no workspace is shipped with."""
    return (ADDED / f"{name}.yaml").read_text(encoding="utf-8")


def add(house: House, name: str, text: str | None = None) -> None:
    """Add such a mapping to a workspace."""
    house.write(f"mappings/{name}.yaml", added(name) if text is None else text)


@pytest.fixture
def other() -> Iterator[OtherSystem]:
    with other_system() as system:
        yield system


def connect(house: House, system: OtherSystem) -> None:
    """Add the third system to connections.yaml, with its key."""
    text = (house.folder / "connections.yaml").read_text(encoding="utf-8")
    text += f"""\
  other:
    kind: rest
    environment: sandbox
    base_url: "{system.url}"
    auth: bearer
    paging: next_url
    next_path: links.next
    rows: results
    find_by: {{ref: ref}}
    settle_s: 1
"""
    house.write("connections.yaml", text)
    open_vault(house.workspace()).set("other", "api_key", Secret(KEY))


def journals(house: House) -> list[dict[str, Decimal]]:
    """Each open journal of EPIC06 as account and net amount."""
    found = house.sandbox.report()["companies"]["EPIC06"]["journals_open"]
    return [{line["gl_account"]: line["debit"] - line["credit"] for line in journal["lines"]} for journal in found]


def test_bill_payments_become_journals(make_house: MakeHouse) -> None:
    payment = next(row for row in bill_payments(1) if row["subsidiary"]["erp_reference_id"] == "EPIC06")
    house = make_house(payment)
    house.edit("mappings/cash-movements.yaml", "{take: [bill_payment, bill_payment_load", "{take: [bill_payment_load")
    add(house, "bill-payments")

    house.run("bill-payments")

    total = Decimal(payment["total_amount"])
    assert journals(house) == [{"2105|00": total, "1090|00": -total}]
    assert house.row(payment).state == "entered"
    assert house.entry(payment)["status"] == "sync_complete"
    assert house.run("bill-payments").sent == 0


def test_a_type_two_mappings_take_is_refused_before_anything_runs(make_house: MakeHouse) -> None:
    house = make_house()
    add(house, "bill-payments")
    with pytest.raises(InputError) as refused:
        house.run("bill-payments")
    assert [problem.code for problem in refused.value.problems] == ["E502"]


def test_months_of_a_schedule_become_journals(make_house: MakeHouse) -> None:
    months = [dict(ODD[name].entry) for name in ("amortised_month_10", "amortised_month_11")]
    house = make_house(*months)
    add(house, "amortisation")
    house.run("amortisation")
    assert journals(house) == [{"6100|10": Decimal(100), "1400|00": Decimal(-100)}] * 2
    assert {row.acknowledged for row in house.rows(mapping="amortisation")} == {""}


def test_another_set_of_epicor_becomes_tags(make_house: MakeHouse) -> None:
    house = make_house()
    add(house, "terms")

    house.run("terms")

    tags = [row for row in house.sandbox.airbase.books.rows("tags") if row["type_label"] == "Terms"]
    wanted = {row["TermsCode"]: row["Description"] for row in house.sandbox.epicor.books.rows("EPIC06", "PurTerms")}
    assert {row["erp_reference_id"]: row["name"] for row in tags} == wanted
    assert len(tags) == len(wanted)
    assert house.run("terms").sent == 0


def test_a_third_system_is_a_source(make_house: MakeHouse, other: OtherSystem) -> None:
    rows = [
        {
            "no": 1,
            "state": "final",
            "entity": "EPIC06",
            "day": "2026-11-05",
            "code": "6200",
            "money": _money("12.50"),
        },
        {"no": 2, "state": "open", "entity": "EPIC06", "day": "2026-11-05", "code": "6200", "money": _money("13.50")},
        {
            "no": 3,
            "state": "final",
            "entity": "EPIC06",
            "day": "2026-11-05",
            "code": "6310",
            "money": _money("-7.00"),
        },
        {"no": 4, "state": "odd", "entity": "EPIC06", "day": "2026-11-05", "code": "6310", "money": _money("1.00")},
        {"no": 5, "state": "final", "entity": "EPIC99", "day": "2026-11-05", "code": "6310", "money": _money("1.00")},
    ]
    other.tables["expenses"] = [dict(row) for row in rows]
    house = make_house()
    connect(house, other)
    add(house, "expenses")

    result = house.run("expenses")

    assert result.read == 5
    assert journals(house) == [
        {"6200|10": Decimal("12.50"), "1090|00": Decimal("-12.50")},
        {"6310|10": Decimal("-7.00"), "1090|00": Decimal("7.00")},
    ]
    states = {row.key.source_id: row.state.value for row in house.rows(mapping="expenses")}
    assert states == {"1": "entered", "2": "skipped", "3": "entered", "4": "held", "5": "held"}
    assert [row["state"] for row in other.tables["expenses"]] == ["booked", "open", "booked", "odd", "final"]
    assert house.run("expenses").sent == 0


def _money(value: str) -> dict[str, str]:
    return {"value": value, "unit": "USD"}


def _without_bills(house: House) -> None:
    for name in ("bills", "credits", "reimbursements", "card-transactions"):
        (house.folder / "mappings" / f"{name}.yaml").unlink()


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Fault(kind=FaultKind.NO_ANSWER_AFTER_COMMIT, method="POST", every=3),
        Fault(kind=FaultKind.NO_ANSWER_BEFORE_COMMIT, method="POST", every=3),
        Fault(kind=FaultKind.STATUS, method="POST", status=500, commits=True, times=1),
    ],
    ids=["well", "lost after", "lost before", "500 after"],
)
def test_a_third_system_is_a_target(make_house: MakeHouse, other: OtherSystem, fault: Fault | None) -> None:
    entries = bills(5)
    house = make_house(*entries)
    connect(house, other)
    _without_bills(house)
    add(house, "postings")
    if fault is not None:
        other.faults.add(fault)

    result = house.run("postings")

    assert result.needs_person == 0
    kept = {row["number"]: [Decimal(str(line["value"])) for line in row["lines"]] for row in other.tables["postings"]}
    assert kept == {entry["invoice_number"]: [Decimal(entry["total_amount"])] for entry in entries}
    numbers = {row["ref"]: str(row["no"]) for row in other.tables["postings"]}
    for entry in entries:
        assert house.row(entry).state == "entered"
        assert house.entry(entry)["erp_reference_id"] == numbers[entry["id"]]
    assert house.run("postings").sent == 0


def test_what_a_third_system_says_it_has_is_compared(make_house: MakeHouse, other: OtherSystem) -> None:
    entry = bill("B-1", "60.00")
    other.tables["postings"] = [
        {"no": 1, "ref": entry["id"], "number": "B-1", "total": 61, "lines": [{"code": "6200", "value": 61}]}
    ]
    house = make_house(entry)
    connect(house, other)
    _without_bills(house)
    add(house, "postings")
    house.run("postings")
    row = house.row(entry)
    assert (row.state, row.cause) == ("held", "differs")
    assert "61.00" in row.reason


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("amount: {path: money.value, as: money}\n  link", "amount: money.value\n  link", "not an amount"),
        ("amount: {path: money.value, as: money}\n  link", "amount: money\n  link", "one value was expected"),
        ("company: {path: entity, as: text}", 'company: {path: "no", as: integer}', "company 1 is not in books.yaml"),
        ("date: {path: day, as: date}", "date: day", "not a date"),
    ],
    ids=["untyped amount", "an object", "company", "date"],
)
def test_a_field_of_the_wrong_kind_holds_the_record_and_says_so(
    make_house: MakeHouse, other: OtherSystem, old: str, new: str, said: str
) -> None:
    row = {
        "no": 1,
        "state": "final",
        "entity": "EPIC06",
        "day": "2026-11-05",
        "code": "6200",
        "money": _money("12.50"),
    }
    other.tables["expenses"] = [row]
    house = make_house()
    connect(house, other)
    text = added("expenses")
    assert text.count(old) == 1
    add(house, "expenses", text.replace(old, new))
    house.run("expenses")
    (kept,) = house.rows(mapping="expenses")
    assert kept.state == "held"
    assert said in kept.reason
    assert journals(house) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('match: {ref: "{{ id }}"}', 'match: {ref: "{{ memo }}"}'),
        ("connection: other\n", 'connection: other\n  at_once_per: "memo {{ memo }}"\n'),
        ("connection: other\n", 'connection: other\n  defaults: [{get: api/x, params: {memo: "memo {{ memo }}"}}]\n'),
        ('key: ["{{ id }}"]', 'key: ["{{ memo }}"]'),
    ],
    ids=["find", "group", "defaults", "key"],
)
def test_a_look_up_that_cannot_be_asked_for_one_record_holds_that_record_alone(
    make_house: MakeHouse, other: OtherSystem, old: str, new: str
) -> None:
    bare, told = bill("B-1"), bill("B-2", notes="kept")
    told["notes"] = told["id"]
    house = make_house(bare, told)
    connect(house, other)
    _without_bills(house)
    text = added("postings").replace(
        "  lines:\n    each", "  memo: {path: notes, optional: true}\n  lines:\n    each", 1
    )
    assert text.count(old) == 1
    add(house, "postings", text.replace(old, new))

    house.run("postings")

    assert house.row(bare).state == "held"
    assert house.row(bare).reason
    assert "defaults" in new or house.row(told).state == "entered"


def test_a_tenant_with_resource_endpoints_differs_in_yaml_only(make_house: MakeHouse) -> None:
    house = make_house()
    respond, kept = house.sandbox.airbase.respond, [_resource_bill(number) for number in range(1, 8)]

    def tenant(request: SandboxRequest) -> SandboxResponse:
        if not request.path.startswith("/v2/"):
            return respond(request)
        if request.method == "PATCH":
            (row,) = (row for row in kept if request.path == f"/v2/bills/{row['uid']}/")
            row.update(decode(request.body))
            return SandboxResponse.json(200, row)
        number, size = (int(dict(request.query)[name]) for name in ("page", "page_size"))
        rows = [row for row in kept if row["sync"] == "ready"][(number - 1) * size : number * size]
        following = "more" if number * size < len(kept) else None
        pagination = {"next": following, "previous": None, "page": number, "page_size": size}
        return SandboxResponse.json(200, {"data": rows, "pagination": pagination})

    house.sandbox.airbase.respond = tenant  # type: ignore[method-assign]
    _move_to_resource_endpoint(house)

    house.run("bills")

    invoices = house.invoices()
    assert {number: row["DocInvoiceAmt"] for number, row in invoices.items()} == {
        f"R-{number}": Decimal(number) + Decimal("0.25") for number in range(1, 8)
    }
    assert {row["GLAccount"] for one in invoices.values() for row in one["APInvExpTGLC"]} == {"6200|10"}
    assert [row["sync"] for row in kept] == ["complete"] * 7
    assert kept[0]["erp_ref"] == f"EPIC06/{VENDORS[0].id}/R-1"


def _resource_bill(number: int) -> dict[str, Any]:
    return {
        "uid": f"bill-{number}",
        "sync": "ready",
        "doc": f"R-{number}",
        "supplier": {"external": VENDORS[0].id, "title": VENDORS[0].name},
        "entity": "EPIC06",
        "cur": "USD",
        "billed_on": "2026-11-03",
        "sum": f"{number}.25",
        "rows": [{"gl": "6200", "value": f"{number}.25", "dept": "10", "text": "Paper"}],
    }


def _move_to_resource_endpoint(house: House) -> None:
    """Edit bills.yaml as an engineer would for such a tenant: source, filter, paths, and what is written back."""
    path = house.folder / "mappings" / "bills.yaml"
    text = path.read_text(encoding="utf-8")
    begin, end = text.index("source:"), text.index("transform:")
    told = text.index("acknowledge:")
    path.write_text(
        text[:begin]
        + """\
source: {connection: airbase, endpoint: /v2/bills, id: uid}

filter:
  sync: {take: [ready], skip: [draft]}

extract:
  invoice_number: {path: doc, as: text, max_length: 50}
  vendor_id: {path: supplier.external, as: text, optional: true}
  vendor_name: supplier.title
  subsidiary: entity
  currency: cur
  date: {path: billed_on, as: date}
  total: {path: sum, as: money}
  prepaid_account: {path: prepaid, optional: true}
  amortised_from: {path: spread_from, as: date, optional: true}
  undated: {path: "spread_over_some", optional: true}
  department: {path: dept, as: text, optional: true}
  po: {path: po, as: integer, optional: true}
  other_po: {path: po, as: integer, optional: true}
  ap_account: {path: payable, as: text, optional: true}
  entity: {path: tagged_unit, as: text, optional: true}
  link: {path: link, optional: true}
  receipt_link: {path: receipt, optional: true}
  notes: {path: notes, optional: true}
  lines:
    each: rows
    account: {path: gl, as: text}
    amount: {path: value, as: money}
    memo: {path: text, optional: true}
    department: {path: dept, as: text, optional: true}
    entity: {path: entity, as: text, optional: true}

"""
        + text[end:told]
        + """\
acknowledge:
  entered: {patch: "/v2/bills/{{ id }}", body: {sync: complete, erp_ref: "{{ reference }}"}}
""",
        encoding="utf-8",
    )


def test_only_the_mappings_of_a_feed_share_it(make_house: MakeHouse) -> None:
    """A mapping of its own feed neither claims nor withdraws what stands in another."""
    entry = bill("B-1")
    house = make_house(entry)
    house.run("vendors")
    house.run("bills")
    assert {row.key.feed for row in house.rows(mapping="bills")} == {FEED}
    assert house.row(entry).state == "entered"
