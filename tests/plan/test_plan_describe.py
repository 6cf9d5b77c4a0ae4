"""A mapping told in plain English: every sentence that finance reads, written out."""

from __future__ import annotations

from pathlib import Path

from engine.language.spec.load import load_mappings
from engine.plan.describe import describe
from tests.language.spec.good_workspace import BILLS, VENDORS, write_workspace

TOLD_OF_BILLS = """\
bills: Approved bills become AP invoices
owned by AP manager

Which records it takes
  - reads airbase /v1/accounting/ledger_entries/
  - runs after vendors
  - takes records whose type is bill; others belong to other mappings
  - goes on when status is sync_ready; draft waits for a later run; with any other status the record is held
    for a person

What it reads from each record
  - invoice_number is invoice_number, at most 50 characters; held when missing
  - vendor_id is vendor.code; held when missing
  - subsidiary is subsidiary.code; held when missing
  - date is entry_date, a date of the books, in the company's time zone; held when missing
  - total is total_amount, an amount; held when missing
  - lines: a list, one for each item of expense_list, with
  - lines > account is account.code; held when missing
  - lines > amount is amount, an amount; held when missing
  - lines > department is tags[?kind=='Department'].code | [0]; may be missing

What it works out
  - company by the crosswalk companies.csv, from subsidiary, held when no row fits
  - vendor is looked up in epicor Erp.BO.VendorSvc/Vendors, where VendorID = vendor_id; held when it is not
    there
  - apply_date is date, held while its period is closed
  - for each line: gl_account by the crosswalk gl-coding.csv, from account = line.account, held when no row
    fits
  - group is AB<apply_date | format_date('%y%m%d')>

When a record waits
  - held, unless not vendor.Inactive: vendor <vendor_id> is inactive
  - skipped, and looked at again later, unless books.paid_by == 'airbase': paid elsewhere

What it books
  debit                                       | credit
  --------------------------------------------+-----------------------------------------
  line.gl_account  line.amount, for each line |
                                              | AP control  total (booked by the target)

What it writes
  - enters each document once: epicor Erp.BO.APInvoiceSvc/UpdateMaster, in the company named by company
  - makes sure first that Erp.BO.APInvGrpSvc/APInvGrps has GroupID group
  - writes back to airbase what was entered

How nothing is entered twice
  - two documents are the same when they agree in vendor.VendorNum and invoice_number
  - looks for it first in Erp.BO.APInvoiceSvc/APInvoices
  - sent without an answer, it is looked for after 300 seconds, and sent again only if it is not found

Tests in the mapping (3)
  - two lines
  - a draft
  - off by a cent

Written in
  - mappings/bills.yaml
  - mappings/recipes/ap-invoice.yaml"""


def told(root: Path, name: str, **changes: str) -> str:
    write_workspace(root, **changes)
    loaded = load_mappings(root / "mappings", root)
    assert loaded.problems == ()
    (spec,) = (spec for spec in loaded.specs if spec.name == name)
    return describe(spec)


def test_a_mapping_is_told_from_reading_to_writing_back(tmp_path: Path) -> None:
    assert told(tmp_path, "bills") == TOLD_OF_BILLS


def test_what_is_optional_or_switched_off_is_told_otherwise(tmp_path: Path) -> None:
    text = BILLS
    for old, new in (
        ("owner: AP manager\n", "switched_on: false\n"),
        ("max_length: 50", "max_length: 50, optional: true"),
        ("closed: hold", "closed: next_open"),
        ("take: gl_account}", "take: gl_account, optional: true}"),
        ("take: [VendorNum, Inactive]}", "take: [VendorNum, Inactive], optional: true}"),
        ("else: skip, because", "else: warn, because"),
        ("\n  entered:\n", "\n  when: in_gl\n  entered:\n"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    said = told(tmp_path, "bills", **{"mappings__bills.yaml": text})
    assert "owned by" not in said
    for sentence in (
        "\nSWITCHED OFF: its records are claimed and held, and nothing is sent\n",
        "invoice_number is invoice_number, at most 50 characters; may be missing\n",
        "where VendorID = vendor_id; may be missing\n",
        "apply_date is date, moved to the next open day when its period is closed\n",
        "from account = line.account, nothing when no row\n    fits\n",
        "entered, with a warning, unless books.paid_by == 'airbase': paid elsewhere\n",
        "writes back to airbase what was posted to the general ledger\n",
    ):
        assert sentence in said


def test_the_shipped_mappings_say_what_stands_against_a_second_payment() -> None:
    root = Path(__file__).parents[2]
    said = {spec.name: describe(spec, width=400) for spec in load_mappings(root / "mappings", root).specs}
    for name, sentence in (
        ("bills", "one keyed by hand for the same vendor, under another spelling of its number or with its amount"),
        ("bills", "held when Erp.BO.APInvoiceSvc/APInvoices of any company has one with InvoiceNum invoice_number, "),
        ("bills", "held when card-transactions has entered total for vendor_name within 45 days: a card charge of "),
        ("bills", "in the general ledger when returnObj.APInvHed[0].Posted in Erp.BO.APInvoiceSvc/APInvoices; "),
        ("bills", "exposed to a second payment, where locked, unless PayHold is true, PMUID is payment_method, "),
        ("bills", "takes AP control for the account books.control_account"),
        ("card-transactions", "a person decides when a document that was sent without an answer is not found"),
        (
            "card-transactions",
            "lists the lines that are not posted yet by epicor Erp.BO.GLJournalEntrySvc/GLJrnDtlMnls",
        ),
        ("card-transactions", "before it is booked, a record moves the clearing account by 0 if amount is missing "),
    ):
        assert sentence in said[name]


def test_master_data_is_told_with_values_as_yaml_writes_them(tmp_path: Path) -> None:
    assert "take: [false], skip: [true]" in VENDORS
    said = told(tmp_path, "vendors")
    assert "reads epicor Erp.BO.VendorSvc/Vendors, once for each company of books.yaml\n" in said
    assert "goes on when Inactive is false; true waits for a later run; with any other Inactive" in said
    assert "keeps the target in step: creates what is missing, updates what differs: airbase /v1/vendors/" in said
    assert "What it books" not in said
