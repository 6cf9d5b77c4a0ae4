"""The file of sealed credentials: its shape, read and written whole.

Format 2 is an envelope: the entries are sealed with a data key of the workspace, and each lock wraps that
data key and the audit trail's key with one key that is kept elsewhere. There is one lock, and two while the
key is being changed. Format 1, which sealed the entries with the key itself, is still read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import msgspec

from engine.adapters.vault.private_file import read_private, write_private
from engine.words.errors import CredentialsError

FORMAT = 2
FIRST_FORMAT = 1
UPCOMING = "#next"
"""Behind a field's name: the credential that takes over when the present one is refused."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sealed credential. `origin` is for messages only: the sealed text itself is bound to it."""

    connection: str
    field: str
    origin: str
    set_at: datetime
    expires: date | None = None
    key_id: str
    sealed: str


class Lock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of the workspace, wrapped by a key that `provider` finds with these parameters."""

    provider: str
    key_id: str
    key_check: str
    parameters: dict[str, str | int] = {}
    data_key: str
    audit_key: str


class _First(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    workspace: str
    key_id: str
    key_check: str
    entries: tuple[Entry, ...]


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    workspace: str
    data_key_id: str
    locks: tuple[Lock, ...]
    entries: tuple[Entry, ...]


class _Format(msgspec.Struct, frozen=True):
    format: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsFile:
    """What the file holds; of format 1 the one lock wraps nothing, and there is no data key."""

    format: int = FORMAT
    workspace: str
    data_key_id: str
    locks: tuple[Lock, ...]
    entries: tuple[Entry, ...] = ()

    def entry(self, connection: str, field: str) -> Entry | None:
        """The entry of a connection's field."""
        return next((one for one in self.entries if (one.connection, one.field) == (connection, field)), None)

    def without(self, connection: str, field: str) -> CredentialsFile:
        """The same without one entry."""
        kept = tuple(one for one in self.entries if (one.connection, one.field) != (connection, field))
        return replace(self, entries=kept)

    def having(self, entry: Entry) -> CredentialsFile:
        """The same with an entry, in place of the one that was there."""
        other = self.without(entry.connection, entry.field)
        return replace(other, entries=(*other.entries, entry))


def read_file(path: Path) -> CredentialsFile | None:
    """The file's content; None when there is no file.

    Raises:
        CredentialsError: it is damaged, of a newer program, or open to others.
    """
    content = read_private(path)
    if content is None:
        return None
    try:
        number = msgspec.json.decode(content, type=_Format).format
        if number == FIRST_FORMAT:
            return _of_first(msgspec.json.decode(content, type=_First))
        if number > FORMAT:
            raise CredentialsError(f"{path} was made by a newer program: install that one, or a newer one")
        shape = msgspec.json.decode(content, type=_Shape)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise damaged(path) from None
    if not shape.locks:
        raise damaged(path)
    return CredentialsFile(
        workspace=shape.workspace, data_key_id=shape.data_key_id, locks=shape.locks, entries=shape.entries
    )


def write_file(path: Path, file: CredentialsFile) -> None:
    """Replace the file at once and durably, in the present format."""
    shape = _Shape(
        format=FORMAT,
        workspace=file.workspace,
        data_key_id=file.data_key_id,
        locks=file.locks,
        entries=file.entries,
    )
    write_private(path, msgspec.json.format(msgspec.json.encode(shape), indent=2) + b"\n")


def damaged(path: Path) -> CredentialsError:
    """The file is not as it was written."""
    return CredentialsError(
        f"{path} is damaged: restore it from a backup. Keep the damaged one: the key of the audit trail and of the "
        "ledger's payloads is sealed in it too, and without it they cannot be read after a change of key"
    )


def _of_first(shape: _First) -> CredentialsFile:
    lock = Lock(provider="key", key_id=shape.key_id, key_check=shape.key_check, data_key="", audit_key="")
    return CredentialsFile(
        format=FIRST_FORMAT, workspace=shape.workspace, data_key_id=shape.key_id, locks=(lock,), entries=shape.entries
    )
