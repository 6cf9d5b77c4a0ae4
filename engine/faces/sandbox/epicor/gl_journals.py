"""GL journal entry (`Erp.BO.GLJournalEntrySvc`): journals and their lines before posting.

Debits and credits are entered positive; `TransAmt` is signed. A journal out of balance is saved and only
refused at posting. The server gives the journal its number: rows of one call belong together when they
carry the same JournalNum, 0 included, as the client does not know the number yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from engine.faces.sandbox.epicor.accounts import check_account
from engine.faces.sandbox.epicor.calendar import open_period
from engine.faces.sandbox.epicor.currency import base_currency, check_currency, rate_on
from engine.faces.sandbox.epicor.errors import duplicate, not_found, refused
from engine.faces.sandbox.epicor.gl_groups import usable_group
from engine.faces.sandbox.epicor.gl_posting import journal_lines, journal_number, remove_journal
from engine.faces.sandbox.epicor.methods import Answer, Method, Tables, lister, mode, out, read_tables, tableset
from engine.faces.sandbox.epicor.rows import as_date, date_text, decimal, new_row_id, rounded, segments
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.epicor.update_ext import Unit, ext_answer, run_units
from engine.faces.sandbox.tables import Row

HEADER, LINE = "GLJrnHed", "GLJrnDtlMnl"
TABLES = (HEADER, LINE)

_KEY = ("BookID", "FiscalYear", "FiscalYearSuffix", "JournalCode", "JournalNum", "FiscalCalendarID")
_ZERO = Decimal("0.00")


def save_journal(session: Session, row: dict[str, Any]) -> Row | None:
    """Carry out a header row by its RowMod; None when the journal was deleted."""
    if mode(row) == "A":
        return _add(session, row)
    old = open_journal(session, row)
    if mode(row) == "D":
        remove_journal(session, old)
        return None
    changed = session.merge(HEADER, old, row)
    if changed["GroupID"] != old["GroupID"]:
        raise refused("A journal cannot change its group.", HEADER, "GroupID")
    group = usable_group(session, changed["GroupID"], HEADER)
    _check_date(session, group, changed["JEDate"])
    return session.save(HEADER, changed)


def open_journal(session: Session, row: Mapping[str, Any]) -> Row:
    """An unposted journal, by its key in a row."""
    old = session.get(HEADER, *(row.get(name, "") for name in _KEY))
    if old is None:
        raise not_found(f"journal {row.get('JournalNum')}", HEADER)
    usable_group(session, old["GroupID"], HEADER)
    return old


def _add(session: Session, row: dict[str, Any]) -> Row:
    group = usable_group(session, str(row.get("GroupID") or ""), HEADER)
    day = row.get("JEDate") or group["JEDate"]
    _check_date(session, group, day)
    for name in ("BookID", "JournalCode", "FiscalYear", "FiscalYearSuffix", "FiscalCalendarID"):
        if row.get(name) and row[name] != group[name]:
            raise refused(f"{name} {row[name]} is not the group's.", HEADER, name)
    currency = row.get("CurrencyCode") or group["CurrencyCode"]
    check_currency(session, currency, HEADER)
    made = {name: value for name, value in row.items() if name not in ("SysRevID", "SysRowID")}
    defaults = {"Description": "", "CommentText": "", "ExtSysURL": "", "Reverse": False}
    return session.save(
        HEADER,
        {
            **defaults,
            **made,
            **{name: group[name] for name in (*_KEY[:4], "FiscalCalendarID", "FiscalPeriod", "GroupID")},
            "JournalNum": journal_number(session, group["BookID"], group["FiscalYear"], group["JournalCode"]),
            "JEDate": day,
            "CurrencyCode": currency,
            "EnteredBy": session.user,
            "Posted": False,
            "TotDebit": _ZERO,
            "TotCredit": _ZERO,
            "Balance": _ZERO,
        },
    )


def _check_date(session: Session, group: Row, day: str) -> None:
    period = open_period(session, "GL", as_date(day), HEADER, "JEDate")
    if (period.year, period.number) != (group["FiscalYear"], group["FiscalPeriod"]):
        raise refused(f"Journal date {day[:10]} is not in the period of group {group['GroupID']}.", HEADER, "JEDate")


def save_journal_line(session: Session, row: dict[str, Any]) -> Row | None:
    """Carry out a line row by its RowMod; None when it was deleted."""
    journal = open_journal(session, row)
    number = int(row.get("JournalLine") or 0)
    key = [journal[name] for name in _KEY[:-1]]
    old = session.get(LINE, *key, number, journal["FiscalCalendarID"])
    if mode(row) == "A":
        if old is not None:
            raise duplicate(LINE, "JournalLine")
        number = number or max((int(line["JournalLine"]) for line in journal_lines(session, journal)), default=0) + 1
        made = {name: value for name, value in row.items() if name not in ("SysRevID", "SysRowID")}
        return session.save(LINE, _line(session, journal, made, number))
    if old is None:
        raise not_found(f"line {number} of journal {journal['JournalNum']}", LINE)
    if mode(row) == "D":
        session.remove(LINE, *key, number, journal["FiscalCalendarID"])
        return None
    changed = session.merge(LINE, old, row)
    stale = changed["GLAccount"] != old["GLAccount"]
    changed |= segments(changed["GLAccount"]) if stale else {}
    return session.save(LINE, _line(session, journal, changed, number))


def _line(session: Session, journal: Row, row: dict[str, Any], number: int) -> dict[str, Any]:
    account = row.get("GLAccount") or ""
    if not account:
        raise refused("G/L Account is required", LINE, "GLAccount")
    on = as_date(journal["JEDate"])
    check_account(session, account, on, LINE)
    for name, part in segments(account).items():
        if row.get(name) and row[name] != part:
            raise refused(f"{name} does not agree with GL Account {account}.", LINE, name)
    currency = journal["CurrencyCode"]
    debit = rounded(decimal(row, "TotDebit"), currency)
    credit = rounded(decimal(row, "TotCredit"), currency)
    if debit < 0 or credit < 0 or bool(debit) == bool(credit):
        # What the server does with negative or double amounts is not known; one positive side is the safe form.
        raise refused("Enter a positive amount as debit or as credit.", LINE, "TotDebit")
    rate = rate_on(session, currency, journal.get("RateGrpCode") or "", on, LINE)
    base = rounded((debit - credit) * rate, base_currency(session))
    return {
        "Description": journal.get("Description", ""),
        "CommentText": journal.get("CommentText", ""),
        "VendorNum": 0,
        **row,
        **{name: journal[name] for name in (*_KEY, "FiscalPeriod", "GroupID", "JEDate", "CurrencyCode")},
        "JournalLine": number,
        **segments(account),
        "GLAccount": account,
        "TotDebit": debit,
        "TotCredit": credit,
        "DocTransAmt": debit - credit,
        "TransAmt": base,
        "DebitAmount": max(base, _ZERO),
        "CreditAmount": max(-base, _ZERO),
        "SourceModule": "GL",
        "Posted": False,
    }


def retotal(session: Session, journal: Row) -> Row | None:
    """Bring a journal's totals up to date."""
    header = session.get(HEADER, *(journal[name] for name in _KEY))
    if header is None:
        return None
    lines = journal_lines(session, header)
    debit = sum((decimal(line, "TotDebit") for line in lines), _ZERO)
    credit = sum((decimal(line, "TotCredit") for line in lines), _ZERO)
    totals = {"TotDebit": debit, "TotCredit": credit, "Balance": debit - credit}
    return session.store.put(HEADER, {**header, **totals})


def whole(session: Session, journals: list[Row]) -> Answer:
    """The tableset of some journals with their lines."""
    return tableset(GLJrnHed=journals, GLJrnDtlMnl=[line for row in journals for line in journal_lines(session, row)])


def _units(session: Session, tables: Tables) -> tuple[list[Unit], list[dict[str, Any]]]:
    """One unit per journal of the call, and the rows that will carry each journal's key once it is saved."""
    units, anchors = [], []
    loose = [row for row in tables[LINE] if mode(row)]
    for header in tables[HEADER]:
        sent = header.get("JournalNum") or 0
        own = [row for row in loose if (row.get("JournalNum") or 0) == sent]
        if own and any(other is not header and (other.get("JournalNum") or 0) == sent for other in tables[HEADER]):
            raise refused("Lines cannot be told apart: two journals carry the same number.", HEADER, "JournalNum")
        loose = [row for row in loose if row not in own]
        units.append(_unit(session, header, own))
        anchors.append(header)
    numbers = dict.fromkeys(tuple(row.get(name, "") for name in _KEY) for row in loose)
    for key in numbers:
        anchor = dict(zip(_KEY, key, strict=True))
        own = [row for row in loose if tuple(row.get(name, "") for name in _KEY) == key]
        units.append(_unit(session, anchor, own))
        anchors.append(anchor)
    return units, anchors


def _unit(session: Session, header: dict[str, Any], lines: list[dict[str, Any]]) -> Unit:
    def save_parent() -> None:
        kept = save_journal(session, header)
        if kept is not None:
            header.update({name: kept[name] for name in _KEY})

    def save_child(line: dict[str, Any]) -> None:
        line.update({name: header[name] for name in _KEY if name in header})
        save_journal_line(session, line)

    def finish() -> None:
        if all(name in header for name in _KEY):
            retotal(session, header)

    parent = save_parent if mode(header) else None
    return Unit(HEADER, parent, [(LINE, partial(save_child, line)) for line in lines], finish)


def _saved(session: Session, anchors: list[dict[str, Any]]) -> Answer:
    found = [session.get(HEADER, *(row.get(name, "") for name in _KEY)) for row in anchors]
    return whole(session, [row for row in found if row is not None])


def _update(session: Session, arguments: Mapping[str, Any]) -> Answer:
    units, anchors = _units(session, read_tables(arguments["ds"], TABLES))
    for unit in units:
        for step in (unit.parent, *(step for _, step in unit.children), unit.finish):
            if step is not None:
                step()
    return out(ds=_saved(session, anchors))


def _update_ext(session: Session, arguments: Mapping[str, Any]) -> Answer:
    units, anchors = _units(session, read_tables(arguments["ds"], TABLES))
    errors = run_units(session, units, arguments)
    return ext_answer(_saved(session, anchors), errors)


def _pre_update(_session: Session, arguments: Mapping[str, Any]) -> Answer:
    return out(ds=tableset(**read_tables(arguments["ds"], TABLES)), RequiresUserInput=False)


def _get_by_id(session: Session, arguments: Mapping[str, Any]) -> Answer:
    key = (arguments[name[0].lower() + name[1:]] for name in _KEY)
    row = session.get(HEADER, *key)
    if row is None:
        raise not_found(f"journal {arguments['journalNum']}", HEADER)
    return {"returnObj": whole(session, [row])}


def _get_by_group(session: Session, arguments: Mapping[str, Any]) -> Answer:
    return {"returnObj": whole(session, session.find(HEADER, GroupID=arguments["GroupID"]))}


def _new_journal(session: Session, arguments: Mapping[str, Any]) -> Answer:
    tables = read_tables(arguments["ds"], TABLES)
    group = usable_group(session, arguments["GroupID"], HEADER)
    new = {
        "Company": session.company,
        **{name: group[name] for name in (*_KEY[:4], "FiscalCalendarID", "FiscalPeriod", "GroupID")},
        "JournalNum": 0,
        "JEDate": group["JEDate"],
        "CurrencyCode": group["CurrencyCode"],
        "Description": "",
        "CommentText": "",
        "SysRevID": 0,
        "SysRowID": new_row_id(),
        "RowMod": "A",
    }
    return out(ds=tableset(**tables | {HEADER: [*tables[HEADER], new]}))


def _new_line(session: Session, arguments: Mapping[str, Any]) -> Answer:
    tables = read_tables(arguments["ds"], TABLES)
    names = {name: arguments[name[0].lower() + name[1:]] for name in _KEY[:-1]}
    found = session.find(HEADER, **names)
    header = found[0] if found else next((row for row in tables[HEADER] if _names(row, names)), None)
    if header is None:
        raise not_found(f"journal {names['JournalNum']}", HEADER)
    new = {
        "Company": session.company,
        **names,
        "FiscalCalendarID": header.get("FiscalCalendarID", ""),
        "JournalLine": arguments["journalLine"],
        "JEDate": header.get("JEDate") or date_text(session.today()),
        "GroupID": header.get("GroupID", ""),
        "GLAccount": "",
        "TotDebit": _ZERO,
        "TotCredit": _ZERO,
        "Description": header.get("Description", ""),
        "CommentText": header.get("CommentText", ""),
        "SysRevID": 0,
        "SysRowID": new_row_id(),
        "RowMod": "A",
    }
    return out(ds=tableset(**tables | {LINE: [*tables[LINE], new]}))


def _names(row: Mapping[str, Any], names: Mapping[str, Any]) -> bool:
    return all((row.get(name) or 0) == (value or 0) for name, value in names.items())


def _delete(session: Session, arguments: Mapping[str, Any]) -> Answer:
    remove_journal(session, open_journal(session, {name: arguments[name[0].lower() + name[1:]] for name in _KEY}))
    return {}


_JOURNAL = "bookID:text fiscalYear:number fiscalYearSuffix:text journalCode:text journalNum:number"

METHODS = {
    "GetByID": Method(_get_by_id, f"{_JOURNAL} fiscalCalendarID:text", reads=True),
    "GetList": lister(HEADER, shown_as="GLJrnHedList"),
    "GetRows": lister(HEADER, "whereClauseGLJrnHed"),
    "GetByGroupID": Method(_get_by_group, "GroupID:text"),
    "GetNewGlJrnHedTran": Method(_new_journal, "ds:ds GroupID:text"),
    "GetNewGLJrnDtlMnl": Method(_new_line, f"ds:ds {_JOURNAL} journalLine:number"),
    "PreUpdate": Method(_pre_update, "ds:ds"),
    "Update": Method(_update, "ds:ds", effect=True),
    "UpdateExt": Method(
        _update_ext, "ds:ds continueProcessingOnError:flag rollbackParentOnChildError:flag", effect=True
    ),
    "DeleteByID": Method(_delete, f"{_JOURNAL} fiscalCalendarID:text", effect=True),
}
