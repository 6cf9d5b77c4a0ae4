"""Putting a ledger back from a backup: checked whole before it takes the present one's place."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from engine.adapters.store.backups import (
    LedgerEnd,
    as_one_file,
    check_unlocked,
    copy_ledger,
    end_of,
    has_event,
    move_aside,
    parts_of,
    put_back,
)
from engine.adapters.store.sql import open_ledger
from engine.domain.audit_event import AuditEvent
from engine.words.clock import Clock, IdMaker
from engine.words.errors import InputError, LedgerError

RESTORED = "ledger_restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put back, what it replaced (None when there was nothing readable), and where that was put aside."""

    backup: LedgerEnd
    replaced: LedgerEnd | None
    aside: Path | None

    @property
    def lost(self) -> int:
        """How many events the present trail had behind the last one of the backup."""
        return 0 if self.replaced is None else max(0, self.replaced.seq - self.backup.seq)


def ledger_file(url: str) -> Path | None:
    """The file that a ledger is kept in; None when it is kept on a server."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def shown_url(url: str) -> str:
    """The URL of a ledger without its password."""
    return make_url(url).render_as_string(hide_password=True)


def back_up(ledger: Path, target: Path, *, audit_key: bytes, clock: Clock, make_id: IdMaker) -> LedgerEnd:
    """Copy the ledger while others write it, and verify the trail of the copy.

    Raises:
        InputError: the target is there already, or there is no ledger.
        LedgerError: the ledger is damaged, or its trail is not whole; no copy is left behind.
    """
    copy_ledger(ledger, target)
    try:
        _verify(target, audit_key=audit_key, clock=clock, make_id=make_id)
    except LedgerError:
        target.unlink()
        raise
    return end_of(target)


def restore(
    backup: Path,
    ledger: Path,
    *,
    audit_key: bytes,
    clock: Clock,
    make_id: IdMaker,
    who: str,
    over_newer: bool = False,
) -> Restored:
    """Put the ledger back to a backup of it, in one step; the present one is put aside, and the act is audited.

    Raises:
        InputError: the backup is not one of this ledger, the present one is newer and nobody said that this is
            meant, or a process has it open; nothing was changed.
        LedgerError: the backup was made by a newer program or its trail is not whole; nothing was changed.
    """
    there = end_of(backup)
    replaced = _present(ledger)
    if replaced is not None:
        _check_may(there, replaced, ledger, over_newer=over_newer)
    ledger.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = ledger.with_name(f"{ledger.name}.{secrets.token_hex(4)}.new")
    now = clock.now()
    # A log without its ledger counts too: beside another ledger it would be read as that one's.
    name = f"{ledger.name}.before-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    aside = ledger.with_name(name) if any(parts_of(ledger)) else None
    copy_ledger(backup, copy)
    try:
        _verify(copy, audit_key=audit_key, clock=clock, make_id=make_id)
        if replaced is not None and aside is not None:
            put_back(copy, ledger, aside)
        else:
            if aside is not None:
                move_aside(ledger, aside)
            copy.replace(ledger)
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{copy}{suffix}").unlink(missing_ok=True)
    restored = Restored(backup=there, replaced=replaced, aside=aside)
    _note(restored, ledger, now, audit_key=audit_key, clock=clock, make_id=make_id, who=who)
    return restored


def _present(ledger: Path) -> LedgerEnd | None:
    """The end of the present ledger; None when there is none, or it cannot be read.

    Raises:
        InputError: a process has it locked: it may be whole, and is not to be put aside unseen.
    """
    if not ledger.exists():
        return None
    try:
        return end_of(ledger)
    except InputError:
        check_unlocked(ledger)
        return None


def _check_may(there: LedgerEnd, present: LedgerEnd, ledger: Path, *, over_newer: bool) -> None:
    if there.ledger != present.ledger:
        raise InputError(f"the backup is of another ledger than {ledger}: restore it in the workspace it was made in")
    if present.seq > there.seq and not over_newer:
        raise InputError(
            f"the ledger is newer than the backup: it has {present.seq - there.seq:,} more events, from event "
            f"{there.seq + 1} on. If it is to be put back all the same, say --over-newer; the present one is kept"
        )
    if there.seq and not (present.seq >= there.seq and has_event(ledger, there.seq, there.hash)) and not over_newer:
        raise InputError(
            f"event {there.seq} of the backup is not in the present ledger, which was changed or put back since: "
            "look at both, and say --over-newer if the backup is right"
        )


def _verify(path: Path, *, audit_key: bytes, clock: Clock, make_id: IdMaker) -> None:
    """Open the copy, which brings an older one up to date, and verify its trail."""
    opened = open_ledger(f"sqlite:///{path}", audit_key=audit_key, clock=clock, make_id=make_id)
    try:
        problems = opened.verify_trail()
    finally:
        opened.close()
    as_one_file(path)
    if problems:
        raise LedgerError(f"the audit trail of {path} is not whole: {problems[0]} ({len(problems):,} in all)")


def _note(
    restored: Restored, ledger: Path, now: datetime, *, audit_key: bytes, clock: Clock, make_id: IdMaker, who: str
) -> None:
    opened = open_ledger(f"sqlite:///{ledger}", audit_key=audit_key, clock=clock, make_id=make_id)
    replaced = restored.replaced
    detail = {
        "backup_ends_with": restored.backup.seq,
        "replaced_ended_with": None if replaced is None else replaced.seq,
        "replaced_hash": None if replaced is None else replaced.hash,
        "put_aside": None if restored.aside is None else restored.aside.name,
    }
    try:
        opened.audit(AuditEvent(at=now, who=who, kind=RESTORED, record=None, run=None, detail=detail))
    finally:
        opened.close()
