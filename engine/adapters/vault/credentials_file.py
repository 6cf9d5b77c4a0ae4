"""The file of sealed credentials: its shape, read and written whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from engine.adapters.vault.private_file import read_private, write_private
from engine.words.errors import CredentialsError

FORMAT = 1


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sealed credential. `origin` is for messages only: the sealed text itself is bound to it."""

    connection: str
    field: str
    origin: str
    set_at: datetime
    key_id: str
    sealed: str


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    workspace: str
    key_id: str
    key_check: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsFile:
    """What the file holds: the workspace's id, the key it belongs to, and the entries."""

    workspace: str
    key_id: str
    key_check: str
    entries: tuple[Entry, ...] = ()

    def entry(self, connection: str, field: str) -> Entry | None:
        """The entry of a connection's field."""
        return next((one for one in self.entries if (one.connection, one.field) == (connection, field)), None)


def read_file(path: Path) -> CredentialsFile | None:
    """The file's content; None when there is no file.

    Raises:
        CredentialsError: it is damaged, of a newer program, or open to others.
    """
    content = read_private(path)
    if content is None:
        return None
    try:
        shape = msgspec.json.decode(content, type=_Shape)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise CredentialsError(
            f"{path} is damaged: restore it from a backup, or delete it and set the credentials again"
        ) from None
    if shape.format != FORMAT:
        raise CredentialsError(f"{path} was made by a newer program: install that one, or a newer one")
    return CredentialsFile(
        workspace=shape.workspace, key_id=shape.key_id, key_check=shape.key_check, entries=shape.entries
    )


def write_file(path: Path, file: CredentialsFile) -> None:
    """Replace the file at once and durably."""
    shape = _Shape(
        format=FORMAT,
        workspace=file.workspace,
        key_id=file.key_id,
        key_check=file.key_check,
        entries=file.entries,
    )
    write_private(path, msgspec.json.format(msgspec.json.encode(shape), indent=2) + b"\n")
