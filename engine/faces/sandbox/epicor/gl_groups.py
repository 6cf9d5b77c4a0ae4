"""GL journal groups (`Erp.BO.GLJrnGrpSvc`): one period, one book, one journal code; posted as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from engine.faces.sandbox.epicor.accounts import GENERAL_JOURNAL, MAIN_BOOK, chart_of
from engine.faces.sandbox.epicor.calendar import open_period
from engine.faces.sandbox.epicor.currency import base_currency
from engine.faces.sandbox.epicor.errors import duplicate, not_found, refused
from engine.faces.sandbox.epicor.gl_posting import post_gl_group
from engine.faces.sandbox.epicor.methods import Answer, Method, lister, mode, out, read_tables, tableset
from engine.faces.sandbox.epicor.rows import as_date, date_text, fits, new_row_id
from engine.faces.sandbox.epicor.session import Session
from engine.faces.sandbox.epicor.update_ext import Unit, ext_answer, run_units
from engine.faces.sandbox.tables import Row

TABLE = "GLJrnGrp"


def usable_group(session: Session, group: str, table: str = TABLE) -> Row:
    """The group, when the caller may write into it.

    Raises:
        EpicorError: it does not exist (never made, or posted), or another user holds it.
    """
    row = session.get(TABLE, group)
    if row is None:
        raise refused(f"GL journal group '{group}' is not valid: it does not exist or is posted.", table, "GroupID")
    holder = row.get("ActiveUserID") or ""
    if holder and holder.casefold() != session.user.casefold():
        raise refused(f"Group {row['GroupID']} is in use by user {holder}.", TABLE, "ActiveUserID")
    return row


def save_group(session: Session, row: dict[str, Any]) -> Row | None:
    """Carry out one group row by its RowMod; None when it was deleted."""
    group = str(row.get("GroupID") or "").strip()
    old = session.get(TABLE, group) if group else None
    if mode(row) == "A":
        if not group:
            raise refused("Group ID is required.", TABLE, "GroupID")
        fits(row, TABLE, GroupID=9)
        if old is not None:
            raise duplicate(TABLE, "GroupID")
        made = {name: value for name, value in row.items() if name not in ("SysRevID", "SysRowID")}
        made |= {"GroupID": group, "CreatedBy": session.user, "PostErrorLog": "", "Posted": False}
        return session.save(TABLE, _derived(session, made))
    if old is None:
        raise not_found(f"group {group}", TABLE)
    usable_group(session, group)
    if mode(row) == "D":
        delete_group(session, group)
        return None
    return session.save(TABLE, _derived(session, session.merge(TABLE, old, row)))


def _derived(session: Session, row: dict[str, Any]) -> dict[str, Any]:
    if not row.get("JEDate"):
        raise refused("Journal Date is required.", TABLE, "JEDate")
    period = open_period(session, "GL", as_date(row["JEDate"]), TABLE, "JEDate")
    for name in ("FiscalYear", "FiscalPeriod"):
        if row.get(name) and row[name] != period.columns()[name] and row.get("RowMod") == "A":
            raise refused(f"{name} {row[name]} does not agree with journal date {row['JEDate'][:10]}.", TABLE, name)
    return _defaults(session) | row | period.columns()


def _defaults(session: Session) -> dict[str, Any]:
    return {
        "BookMode": "S",
        "BookID": MAIN_BOOK,
        "JournalCode": GENERAL_JOURNAL,
        "COACode": chart_of(session),
        "CurrencyCode": base_currency(session),
        "ActiveUserID": "",
        "FiscalPeriodType": "O",
    }


def delete_group(session: Session, group: str) -> None:
    """Delete an empty group."""
    if session.find("GLJrnHed", GroupID=group):
        raise refused(f"Group {group} has journals and cannot be deleted.", TABLE)
    session.remove(TABLE, group)


def set_holder(session: Session, group: str, holder: str) -> Row:
    """Lock the group for a user, or with an empty name unlock it; only the holder may change it."""
    return session.save(TABLE, {**usable_group(session, group), "ActiveUserID": holder})


def _get_new(*, locked: bool) -> Callable[[Session, Mapping[str, Any]], Answer]:
    def run(session: Session, arguments: Mapping[str, Any]) -> Answer:
        rows = read_tables(arguments["ds"], (TABLE,))[TABLE]
        new = {
            "Company": session.company,
            "GroupID": "",
            "CreatedBy": session.user,
            **_defaults(session),
            "ActiveUserID": session.user if locked else "",
            "JEDate": date_text(session.today()),
            "PostErrorLog": "",
            "SysRevID": 0,
            "SysRowID": new_row_id(),
            "RowMod": "A",
        }
        return out(ds=tableset(GLJrnGrp=[*rows, new]))

    return run


def _update(session: Session, arguments: Mapping[str, Any]) -> Answer:
    rows = read_tables(arguments["ds"], (TABLE,))[TABLE]
    kept = [save_group(session, row) if mode(row) else row for row in rows]
    return out(ds=tableset(GLJrnGrp=[row for row in kept if row is not None]))


def _update_ext(session: Session, arguments: Mapping[str, Any]) -> Answer:
    rows = read_tables(arguments["ds"], (TABLE,))[TABLE]
    units = [Unit(TABLE, partial(save_group, session, row)) for row in rows if mode(row)]
    errors = run_units(session, units, arguments)
    kept = [session.get(TABLE, row.get("GroupID", "")) for row in rows]
    return ext_answer(tableset(GLJrnGrp=[row for row in kept if row is not None]), errors)


def _check_year(session: Session, arguments: Mapping[str, Any]) -> Answer:
    rows = read_tables(arguments["ds"], (TABLE,))[TABLE]
    day = as_date(arguments["cJEDate"])
    period = open_period(session, "GL", day, TABLE, "JEDate")
    for row in rows:
        row |= {"JEDate": date_text(day), **period.columns()}
    return out(ds=tableset(GLJrnGrp=rows), opMessage="")


def _change(parameter: str, column: str, allowed: tuple[str, ...] = ()) -> Method:
    def run(_session: Session, arguments: Mapping[str, Any]) -> Answer:
        if not arguments[parameter] or (allowed and arguments[parameter] not in allowed):
            raise refused(f"{column} '{arguments[parameter]}' is not valid.", TABLE, column)
        rows = read_tables(arguments["ds"], (TABLE,))[TABLE]
        return out(ds=tableset(GLJrnGrp=[{**row, column: arguments[parameter]} for row in rows]))

    return Method(run, f"{parameter}:text ds:ds")


def _get_by_id(session: Session, arguments: Mapping[str, Any]) -> Answer:
    row = session.get(TABLE, arguments["groupID"])
    if row is None:
        raise not_found(f"group {arguments['groupID']}", TABLE)
    return {"returnObj": tableset(GLJrnGrp=[row])}


def _unlock_group(session: Session, arguments: Mapping[str, Any]) -> Answer:
    set_holder(session, arguments["inGroupID"], "")
    return {}


def _lock(session: Session, arguments: Mapping[str, Any]) -> Answer:
    return out(ds=tableset(GLJrnGrp=[set_holder(session, arguments["groupID"], session.user)]))


def _unlock(session: Session, arguments: Mapping[str, Any]) -> Answer:
    return out(ds=tableset(GLJrnGrp=[set_holder(session, arguments["groupID"], "")]))


def _check_before_post(session: Session, arguments: Mapping[str, Any]) -> Answer:
    usable_group(session, arguments["groupID"])
    return {}


def _post(session: Session, arguments: Mapping[str, Any]) -> Answer:
    group = usable_group(session, arguments["postGroupID"])
    return out(NotAllPostedMessage=post_gl_group(session, group))


def _delete(session: Session, arguments: Mapping[str, Any]) -> Answer:
    usable_group(session, arguments["groupID"])
    delete_group(session, arguments["groupID"])
    return {}


METHODS = {
    "GetByID": Method(_get_by_id, "groupID:text", reads=True),
    "GetList": lister(TABLE, shown_as="GLJrnGrpList"),
    "GetRows": lister(TABLE, "whereClauseGLJrnGrp"),
    "GetNewGLJrnGrp": Method(_get_new(locked=True), "ds:ds"),
    "GetNewGLJrnGrpNoLock": Method(_get_new(locked=False), "ds:ds"),
    "CheckFiscalYear": Method(_check_year, "ds:ds cGroupID:text cJEDate:text"),
    "ChangeBookID": _change("proposeBookID", "BookID"),
    # Multi-book groups are not modelled.
    "ChangeEntryMode": _change("proposedBookMode", "BookMode", ("S",)),
    "ChangeJournalCode": _change("proposedJournalCode", "JournalCode"),
    "Update": Method(_update, "ds:ds", effect=True),
    "UpdateNoLock": Method(_update, "ds:ds", effect=True),
    "UpdateExt": Method(
        _update_ext, "ds:ds continueProcessingOnError:flag rollbackParentOnChildError:flag", effect=True
    ),
    "GroupLock": Method(_lock, "groupID:text ds:ds", effect=True),
    "GroupUnlock": Method(_unlock, "groupID:text ds:ds", effect=True),
    "UnlockGroup": Method(_unlock_group, "inGroupID:text", effect=True),
    "CheckBeforePost": Method(_check_before_post, "groupID:text"),
    "PostGroupJournals": Method(_post, "postGroupID:text", effect=True),
    "DeleteByID": Method(_delete, "groupID:text", effect=True),
}
