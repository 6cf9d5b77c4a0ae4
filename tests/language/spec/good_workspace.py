"""A small workspace without a mistake, from which the tests make wrong ones."""

from __future__ import annotations

from pathlib import Path

BILLS = """\
# yaml-language-server: $schema=../schemas/mapping.schema.json
name: bills
title: Approved bills become AP invoices
owner: AP manager
after: [vendors]
recipe: ap-invoice

source:
  connection: airbase
  endpoint: /v1/accounting/ledger_entries/
  id: airbase_id

filter:
  type: {take: [bill]}
  status: {take: [sync_ready], skip: [draft]}

extract:
  invoice_number: {path: invoice_number, max_length: 50}
  vendor_id: vendor.code
  subsidiary: subsidiary.code
  date: {path: entry_date, as: book_date}
  total: {path: total_amount, as: money}
  lines:
    each: expense_list
    account: account.code
    amount: {path: amount, as: money}
    department: {path: "tags[?kind=='Department'].code | [0]", optional: true}

transform:
  company: {crosswalk: companies, match: {subsidiary: "{{ subsidiary }}"}, take: company}
  vendor: {lookup: Erp.BO.VendorSvc/Vendors, match: {VendorID: "{{ vendor_id }}"}, take: [VendorNum, Inactive]}
  apply_date: {period: "{{ date }}", closed: hold}
  lines:
    for: line in lines
    gl_account: {crosswalk: gl-coding, match: {account: "{{ line.account }}"}, take: gl_account}

check:
  - {require: "{{ not vendor.Inactive }}", because: "vendor {{ vendor_id }} is inactive"}
  - {require: "{{ books.paid_by == 'airbase' }}", else: skip, because: paid elsewhere}

entries:
  - {for: line in lines, account: "{{ line.gl_account }}", debit: "{{ line.amount }}"}
  - {account: AP control, credit: "{{ total }}", booked_by: target}

acknowledge:
  entered:
    patch: "/v1/accounting/ledger_entries/{{ id }}/"
    body: {status: sync_complete, erp_reference_id: "{{ reference }}"}

tests:
  - name: two lines
    given: fixtures/bill.json
    with: fixtures/bill.world.yaml
    books: {6100|10: 60.00, 6200|20: 40.00, AP control: -100.00}
  - {name: a draft, given: fixtures/bill.json, change: {status: draft}, skips: status is draft}
  - {name: off by a cent, given: fixtures/bill.json, change: {expense_list.0.amount: "60.01"}, holds: balance}
"""

RECIPE = """\
needs: [company, vendor, vendor_id, invoice_number, apply_date, total, lines]
transform:
  group: "AB{{ apply_date | format_date('%y%m%d') }}"
target:
  connection: epicor
  company: "{{ company }}"
  at_once_per: "{{ group }}"
  ensure:
    - find: {set: Erp.BO.APInvGrpSvc/APInvGrps, match: {GroupID: "{{ group }}"}}
      create:
        call: Erp.BO.APInvGrpSvc/Update
        body: {ds: {APInvGrp: [{GroupID: "{{ group }}", RowMod: A}]}}
  call: Erp.BO.APInvoiceSvc/UpdateMaster
  body:
    cGroupID: "{{ group }}"
    ds:
      APInvHed: [{VendorNum: "{{ vendor.VendorNum }}", InvoiceNum: "{{ invoice_number }}", RowMod: A}]
      APInvDtl: [{for: line in lines, InvoiceLine: "{{ loop.index }}", DocUnitCost: "{{ line.amount }}"}]
      APInvExpTGLC: [{for: line in lines, GLAccount: "{{ line.gl_account }}"}]
  succeeded: "{{ answer.parameters.lUpdateRan }}"
dedupe:
  key: ["{{ vendor.VendorNum }}", "{{ invoice_number }}"]
  find:
    - set: Erp.BO.APInvoiceSvc/APInvoices
      match: {VendorNum: "{{ vendor.VendorNum }}", InvoiceNum: "{{ invoice_number }}"}
      read: {get: Erp.BO.APInvoiceSvc/GetByID, params: {vendorNum: "{{ vendor.VendorNum }}"}}
      kept: {amounts: "returnObj.APInvExp[].DocExpAmt", tax: {path: "returnObj.APInvHed[0].DocTaxAmt", equals: 0}}
      reference: returnObj.APInvHed[0].InvoiceNum
"""

VENDORS = """\
name: vendors
title: Epicor vendors become Airbase vendors
source: {connection: epicor, endpoint: Erp.BO.VendorSvc/Vendors, id: VendorID, each_company: true}
filter:
  Inactive: {take: [false], skip: [true]}
extract:
  vendor_id: VendorID
  vendor_name: {path: Name, as: text}
target:
  connection: airbase
  company: "{{ company }}"
  mode: keep_in_step
  post: /v1/vendors/
  body: {code: "{{ vendor_id }}", name: "{{ vendor_name }}"}
dedupe:
  key: ["{{ company }}", "{{ vendor_id }}"]
tests:
  - {name: new, given: {VendorID: V1, Name: Ink Ltd, Inactive: false}, company: EPIC06, sends: {code: V1}}
  - {name: not yet, given: {VendorID: V1, Name: Ink Ltd, Inactive: true}, company: EPIC06, skips: Inactive}
  - name: refused
    given: {VendorID: V1, Name: Ink Ltd, Inactive: false}
    company: EPIC06
    refuses: name is taken
    answer: {status: 400, body: {error: name is taken}}
"""

BILL_JSON = """\
{
  "airbase_id": "b-1", "type": "bill", "status": "sync_ready", "invoice_number": "INV-7",
  "vendor": {"code": "V1"}, "subsidiary": {"code": "S1"}, "entry_date": "2026-11-03T00:00:00",
  "total_amount": "100.00",
  "expense_list": [
    {"account": {"code": "6100"}, "amount": "60.00", "tags": [{"kind": "Department", "code": "10"}]},
    {"account": {"code": "6200"}, "amount": "40.00", "tags": []}
  ]
}
"""

BILL_WORLD = """\
books: {EPIC06: {currency: USD, paid_by: airbase}}
crosswalks:
  companies: [{subsidiary: S1, company: EPIC06}]
  gl-coding:
    - {account: "6100", gl_account: 6100|10}
    - {account: "6200", gl_account: 6200|20}
lookups:
  Erp.BO.VendorSvc/Vendors: [{VendorID: V1, VendorNum: 12, Inactive: false}]
"""

BOOKS = """\
companies:
  EPIC06:
    name: Ink Works
    currency: USD
    time_zone: America/Chicago
    go_live: 2026-11-01
    open_periods: [2026-11, {from: 2026-12-01, to: 2026-12-15}]
    paid_by: airbase
    amortise_in: nobody
    clearing_accounts: ["1090"]
not_posted:
  - connection: airbase
    feed: /v1/accounting/ledger_entries/
    when: {type: [load, unload]}
    reason: booked by treasury
"""

FILES = {
    "mappings/bills.yaml": BILLS,
    "mappings/vendors.yaml": VENDORS,
    "mappings/recipes/ap-invoice.yaml": RECIPE,
    "mappings/fixtures/bill.json": BILL_JSON,
    "mappings/fixtures/bill.world.yaml": BILL_WORLD,
    "books.yaml": BOOKS,
}


def write_workspace(root: Path, **changes: str) -> Path:
    """Write the workspace; `changes` maps a file's path, with `__` for `/`, to its new text."""
    for name, text in {**FILES, **{key.replace("__", "/"): value for key, value in changes.items()}}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
