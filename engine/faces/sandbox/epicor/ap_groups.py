"""AP invoice groups (`Erp.BO.APInvGrpSvc`): made, locked, totalled, deleted.

A group is gone once everything in it is posted, as its id can then be used again; a group that posted
with errors stays, with the errors in `PostErrorLog`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from engine.faces.sandbox.epicor.calendar import open_period
from engine.faces.sandbox.epicor.errors import duplicate, not_found, refused
from engine.faces.sandbox.epicor.methods import Answer, Method, lister, mode, out, read_tables, tableset
from engine.faces.sandbox.epicor.rows import as_date, date_text, decimal, fits, new_row_id
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.epicor.update_ext import Unit, ext_answer, run_units
from engine.faces.sandbox.tables import Row

TABLE = "APInvGrp"


def usable_group(session: Session, group: str, table: str = TABLE) -> Row:
    """The group, when the caller may write into it.

    Raises:
        EpicorError: it does not exist (never made, or posted), or another user holds it.
    """
    row = session.get(TABLE, group)
    if row is None:
        raise refused(f"AP invoice group '{group}' is not valid: it does not exist or is posted.", table, "GroupID")
    check_lock(session, row)
    return row


def check_lock(session: Session, group: Row) -> None:
    """Refuse a group that another user holds."""
    holder = group.get("ActiveUserID") or ""
    if holder and holder.casefold() != session.user.casefold():
        raise refused(f"Group {group['GroupID']} is in use by user {holder}.", TABLE, "ActiveUserID")


def add_to_total(session: Session, group: str, amount: Decimal) -> None:
    """Move the group's total, a figure for the screen: it does not count as a new version of the row."""
    row = session.get(TABLE, group)
    if row is not None and amount:
        session.store.put(TABLE, {**row, "BaseTotal": decimal(row, "BaseTotal") + amount})


def save_group(session: Session, row: dict[str, Any]) -> Row | None:
    """Carry out one group row by its RowMod; None when it was deleted."""
    letter, group = mode(row), str(row.get("GroupID") or "").strip()
    old = session.get(TABLE, group) if group else None
    if letter == "A":
        return _add(session, {**row, "GroupID": group}, old)
    if old is None:
        raise not_found(f"group {group}", TABLE)
    check_lock(session, old)
    if letter == "D":
        delete_group(session, group)
        return None
    changed = session.merge(TABLE, old, row)
    return session.save(TABLE, {**changed, **_dated(session, changed)})


def _add(session: Session, row: dict[str, Any], old: Row | None) -> Row:
    if not row["GroupID"]:
        raise refused("Group ID is required.", TABLE, "GroupID")
    fits(row, TABLE, GroupID=9)
    if old is not None:
        raise duplicate(TABLE, "GroupID")
    # A new row may bring along the ids that GetNew gave it; the server makes its own.
    made = {name: value for name, value in row.items() if name not in ("SysRevID", "SysRowID")}
    return session.save(
        TABLE,
        {
            **made,
            **_dated(session, made),
            "CreatedBy": session.user,
            "ActiveUserID": row.get("ActiveUserID", ""),
            "PostErrorLog": "",
            "PostInProcess": False,
            "BaseTotal": Decimal("0.00"),
        },
    )


def _dated(session: Session, row: Mapping[str, Any]) -> dict[str, Any]:
    apply = row.get("ApplyDate") or date_text(session.today())
    period = open_period(session, "AP", as_date(apply), TABLE, "ApplyDate")
    return {"ApplyDate": apply, **period.columns()}


def delete_group(session: Session, group: str) -> None:
    """Delete an empty group."""
    if session.find("APInvHed", GroupID=group, Posted=False):
        raise refused(f"Group {group} has invoices and cannot be deleted.", TABLE)
    session.remove(TABLE, group)


def set_holder(session: Session, group: str, holder: str) -> Row:
    """Lock the group for a user, or with an empty name unlock it; only the holder may change it."""
    row = session.get(TABLE, group)
    if row is None:
        raise not_found(f"group {group}", TABLE)
    check_lock(session, row)
    return session.save(TABLE, {**row, "ActiveUserID": holder})


def _get_new(*, locked: bool) -> Callable[[Session, Mapping[str, Any]], Answer]:
    def run(session: Session, arguments: Mapping[str, Any]) -> Answer:
        tables = read_tables(arguments["ds"], (TABLE,))
        new = {
            "Company": session.company,
            "GroupID": "",
            "CreatedBy": session.user,
            "ActiveUserID": session.user if locked else "",
            "ApplyDate": date_text(session.today()),
            "PostErrorLog": "",
            "PostInProcess": False,
            "BaseTotal": Decimal("0.00"),
            "SysRevID": 0,
            "SysRowID": new_row_id(),
            "RowMod": "A",
        }
        return out(ds=tableset(APInvGrp=[*tables[TABLE], new]))

    return run


def _update(session: Session, arguments: Mapping[str, Any]) -> Answer:
    rows = read_tables(arguments["ds"], (TABLE,))[TABLE]
    kept = [save_group(session, row) if mode(row) else row for row in rows]
    return out(ds=tableset(APInvGrp=[row for row in kept if row is not None]))


def _update_ext(session: Session, arguments: Mapping[str, Any]) -> Answer:
    rows = read_tables(arguments["ds"], (TABLE,))[TABLE]
    units = [Unit(TABLE, partial(save_group, session, row)) for row in rows if mode(row)]
    errors = run_units(session, units, arguments)
    kept = [session.get(TABLE, row.get("GroupID", "")) for row in rows]
    return ext_answer(tableset(APInvGrp=[row for row in kept if row is not None]), errors)


def _get_by_id(session: Session, arguments: Mapping[str, Any]) -> Answer:
    row = session.get(TABLE, arguments["groupID"])
    if row is None:
        raise not_found(f"group {arguments['groupID']}", TABLE)
    return {"returnObj": tableset(APInvGrp=[row])}


def _lock(session: Session, arguments: Mapping[str, Any]) -> Answer:
    return out(ds=tableset(APInvGrp=[set_holder(session, arguments["groupID"], session.user)]))


def _unlock(session: Session, arguments: Mapping[str, Any]) -> Answer:
    return out(ds=tableset(APInvGrp=[set_holder(session, arguments["groupID"], "")]))


def _unlock_group(session: Session, arguments: Mapping[str, Any]) -> Answer:
    set_holder(session, arguments["InGroupID"], "")
    return {}


def _pre_post(session: Session, arguments: Mapping[str, Any]) -> Answer:
    group = arguments["PostGroupID"]
    usable_group(session, group)
    off = [
        f"{row['InvoiceNum']}: {decimal(row, 'DocInvoiceVariance')}"
        for row in session.find("APInvHed", GroupID=group, Posted=False)
        if decimal(row, "DocInvoiceVariance")
    ]
    message = f"Variance on {', '.join(off)}" if off else ""
    return out(ReturnMessage="", VarianceMessage=message, TaxCalcFlag=False)


def _delete(session: Session, arguments: Mapping[str, Any]) -> Answer:
    usable_group(session, arguments["groupID"])
    delete_group(session, arguments["groupID"])
    return {}


METHODS = {
    "GetByID": Method(_get_by_id, "groupID:text", reads=True),
    "GetList": lister(TABLE, shown_as="APInvGrpList"),
    "GetRows": lister(TABLE, "whereClauseAPInvGrp"),
    "GetNewAPInvGrp": Method(_get_new(locked=True), "ds:ds"),
    "GetNewAPInvGrpNoLock": Method(_get_new(locked=False), "ds:ds"),
    "Update": Method(_update, "ds:ds", effect=True),
    "UpdateExt": Method(
        _update_ext, "ds:ds continueProcessingOnError:flag rollbackParentOnChildError:flag", effect=True
    ),
    "LockAPGroup": Method(_lock, "groupID:text ds:ds", effect=True),
    "UnlockAPGroup": Method(_unlock, "groupID:text ds:ds", effect=True),
    "UnlockGroup": Method(_unlock_group, "InGroupID:text", effect=True),
    "PrePostGroupInvoices": Method(_pre_post, "PostGroupID:text"),
    "DeleteByID": Method(_delete, "groupID:text", effect=True),
}
