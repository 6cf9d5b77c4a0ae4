"""Saving AP invoices: `Update`, `UpdateMaster` and `UpdateExt` of `Erp.BO.APInvoiceSvc`.

Whatever one call saves, it saves at once or not at all (UpdateExt: per invoice, see `update_ext`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from engine.faces.sandbox.epicor.ap_groups import TABLE as GROUP
from engine.faces.sandbox.epicor.ap_invoice_header import (
    CHILDREN,
    find_vendor,
    open_invoice,
    parts,
    recalculate,
    save_header,
)
from engine.faces.sandbox.epicor.ap_invoice_header import TABLE as HEADER
from engine.faces.sandbox.epicor.ap_invoice_lines import complete_distribution, save_account, save_expense, save_line
from engine.faces.sandbox.epicor.errors import refused
from engine.faces.sandbox.epicor.methods import Answer, Tables, mode, out, read_tables, tableset
from engine.faces.sandbox.epicor.rows import decimal
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.epicor.update_ext import Unit, ext_answer, run_units
from engine.faces.sandbox.tables import Row, fold

TABLES = (HEADER, *CHILDREN)

_SAVES = {"APInvDtl": save_line, "APInvExp": save_expense, "APInvExpTGLC": save_account}
_Key = tuple[Any, Any]


def save_invoices(session: Session, tables: Tables, group: str = "") -> list[Row]:
    """Save every marked row of a tableset; gives the headers touched, as they are now.

    Deletions come first, from the accounts up; then headers, lines, distributions and accounts. Lines
    that were added without distribution get theirs from the server at the end.
    """
    before = _headers_before(session, tables)
    for table in (*reversed(CHILDREN), HEADER):
        for row in tables[table]:
            if mode(row) == "D":
                _save(session, table, row, group)
    for table in TABLES:
        for row in tables[table]:
            if mode(row) in ("A", "U"):
                _save(session, table, row, group)
    for row in tables["APInvDtl"]:
        if mode(row) == "A":
            _complete(session, row)
    after = []
    for key in _touched(session, tables):
        header = recalculate(session, *key, before.get(key))
        after += [header] if header is not None else []
    return after


def _save(session: Session, table: str, row: dict[str, Any], group: str) -> Row | None:
    kept = save_header(session, row, group) if table == HEADER else _SAVES[table](session, row)
    if kept is not None:
        # Server-given key parts are written back, so that what follows in this call finds its parent.
        row |= {name: kept[name] for name in ("VendorNum", "InvoiceLine", "InvExpSeq") if name in kept}
    return kept


def _complete(session: Session, row: Mapping[str, Any]) -> None:
    line = session.get("APInvDtl", row["VendorNum"], row["InvoiceNum"], row["InvoiceLine"])
    if line is not None:
        complete_distribution(session, line)


def _touched(session: Session, tables: Tables) -> list[_Key]:
    keys: dict[_Key, None] = {}
    for table in TABLES:
        keys |= {_key(session, row): None for row in tables[table] if mode(row)}
    return list(keys)


def _key(session: Session, row: Mapping[str, Any]) -> _Key:
    number = row.get("VendorNum") or 0
    if not number and row.get("VendorNumVendorID"):
        found = session.find("Vendor", VendorID=row["VendorNumVendorID"])
        number = found[0]["VendorNum"] if found else 0
    return number, fold(str(row.get("InvoiceNum") or "").strip())


def _headers_before(session: Session, tables: Tables) -> dict[_Key, Row]:
    found = {key: session.get(HEADER, *key) for key in _touched(session, tables)}
    return {key: row for key, row in found.items() if row is not None}


def whole(session: Session, headers: list[Row]) -> Answer:
    """The tableset of some invoices, with everything under them."""
    return tableset(
        **{HEADER: headers},
        **{table: [row for header in headers for row in parts(session, table, header)] for table in CHILDREN},
    )


def update(session: Session, arguments: Mapping[str, Any]) -> Answer:
    """`Update`: the tableset, saved."""
    return out(ds=whole(session, save_invoices(session, read_tables(arguments["ds"], TABLES))))


def update_master(session: Session, arguments: Mapping[str, Any]) -> Answer:
    """`UpdateMaster`: the tableset, saved, unless a control objects.

    A control's objection comes with status 200, `lUpdateRan` false and the sentence in `opMessage`. It is
    passed over, but still told, when prompts are suppressed. A call without any marked row runs nothing.
    """
    tables = read_tables(arguments["ds"], TABLES)
    group, warning = arguments["cGroupID"], _warning(session, tables, arguments)
    marked = any(mode(row) for rows in tables.values() for row in rows)
    runs = marked and (not warning or arguments["suppressUserPrompts"])
    ds = whole(session, save_invoices(session, tables, group)) if runs else tableset(**tables)
    held = session.get(GROUP, group)
    return out(
        ds=ds,
        grpTotalInvAmt=decimal(held, "BaseTotal") if held is not None else 0,
        requiresUserInput=False,
        opMessage=warning,
        opMsgChkBankRef="",
        opChkRevMsg="",
        lEnableGenLegalNum=False,
        lUpdateRan=runs,
        opDUAMsg="",
    )


def _warning(session: Session, tables: Tables, arguments: Mapping[str, Any]) -> str:
    sentences = []
    for row in tables[HEADER]:
        if mode(row) != "A":
            continue
        vendor = find_vendor(session, row)
        if vendor.get("PayHold"):
            sentences.append(f"Supplier {vendor['VendorID']} is on payment hold.")
        if arguments["runChkCPay"] and row.get("CPay", vendor.get("CPay")):
            sentences.append(f"Invoice {row.get('InvoiceNum')} is marked for central payment.")
    return " ".join(sentences)


def update_ext(session: Session, arguments: Mapping[str, Any]) -> Answer:
    """`UpdateExt`: invoice by invoice, with errors as rows beside a status 200."""
    tables = read_tables(arguments["ds"], TABLES)
    marked = {name: [row for row in rows if mode(row)] for name, rows in tables.items()}
    if any(mode(row) == "D" for rows in marked.values() for row in rows):
        # How UpdateExt treats deleted rows is not described.
        raise refused("UpdateExt with deleted rows is not supported here.")
    units = [_unit(session, key, marked) for key in _touched(session, marked)]
    errors = run_units(session, units, arguments)
    headers = [session.get(HEADER, *key) for key in _touched(session, tables)]
    return ext_answer(whole(session, [row for row in headers if row is not None]), errors)


def _unit(session: Session, key: _Key, tables: Tables) -> Unit:
    own = {name: [row for row in rows if _key(session, row) == key] for name, rows in tables.items()}
    before = session.get(HEADER, *key)
    header = own[HEADER][0] if own[HEADER] else None
    if len(own[HEADER]) > 1:
        raise refused(f"Invoice {key[1]} stands twice in the call.", HEADER)
    unit = Unit(HEADER, partial(_save, session, HEADER, header, "") if header is not None else None)
    for table in CHILDREN:
        unit.children += [(table, partial(_save, session, table, row, "")) for row in own[table]]

    def finish() -> None:
        for row in own["APInvDtl"]:
            # Lines that were refused are not there; nothing is to be completed for them.
            if mode(row) == "A" and row.get("UpdateExtCreateLineGL", True) and row.get("InvoiceLine"):
                _complete(session, row)
        recalculate(session, *key, before)

    unit.finish = finish
    return unit


def pre_update(session: Session, arguments: Mapping[str, Any]) -> Answer:
    """`PreUpdate`: nothing needs a person's input here."""
    tables = read_tables(arguments["ds"], TABLES)
    for row in tables[HEADER]:
        if mode(row) == "U":
            open_invoice(session, row.get("VendorNum"), row.get("InvoiceNum"))
    return out(ds=tableset(**tables), requiresUserInput=False)
