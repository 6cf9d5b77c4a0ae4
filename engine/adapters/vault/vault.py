"""The vault of one workspace: credentials sealed in a file, opened with a key that is kept elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from engine.adapters.vault.credentials_file import CredentialsFile, Entry, read_file, write_file
from engine.adapters.vault.key import FILE_VARIABLE, VARIABLE, VaultKey, find_key, key_path, new_key_text
from engine.adapters.vault.private_file import create_private, one_at_a_time
from engine.adapters.vault.sealing import Broken, origin_of, place, seal, unseal
from engine.words.clock import Clock, SystemClock, random_id
from engine.words.errors import CredentialsError, InputError
from engine.words.secret import Secret

FOLDER = ".ml-connector"
FILE = "credentials.json"

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


class CredentialName(NamedTuple):
    """A credential as people see it; the fingerprint is empty when it cannot be opened."""

    connection: str
    field: str
    set_at: datetime
    fingerprint: str


class Vault:
    """Credentials of a workspace. Reads the file at every call; several processes may use it at once."""

    def __init__(self, path: Path, key: VaultKey, origins: Mapping[str, str], clock: Clock) -> None:
        self._path = path
        self._key = key
        self._origins = origins
        self._clock = clock

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        environ: Mapping[str, str],
        origins: Mapping[str, str],
        clock: Clock | None = None,
    ) -> Vault:
        """The vault of the workspace in `folder`; `origins` are the base URLs of its connections.

        Raises:
            CredentialsError: there is no key, it is not the key of this workspace, or the file is damaged.
            InputError: a base URL is not a URL.
        """
        known = {connection: origin_of(url) for connection, url in origins.items()}
        vault = cls(folder / FOLDER / FILE, find_key(folder / FOLDER, environ), known, clock or SystemClock())
        vault._read()
        return vault

    @property
    def audit_key(self) -> bytes:
        """The key of the ledger's audit trail: derived from the vault's key, never in the database."""
        return self._key.for_audit

    def set(self, connection: str, field: str, secret: Secret) -> None:
        """Seal a credential for a connection, in place of the one that was there.

        Raises:
            InputError: there is no such connection, the name cannot be used, or the credential is empty.
        """
        origin = self._origin(connection)
        if not _NAME.fullmatch(connection) or not _NAME.fullmatch(field):
            raise InputError(f"'{connection} {field}' is not a name of letters, digits, '-', '_' and '.'")
        if not secret:
            raise InputError(f"the credential {field} of {connection} is empty")
        with self._alone():
            file = self._read() or self._new_file()
            where = place(file.workspace, connection, field, origin, self._key.id)
            entry = Entry(
                connection=connection,
                field=field,
                origin=origin,
                set_at=self._clock.now(),
                key_id=self._key.id,
                sealed=seal(self._key, where, secret.reveal()),
            )
            self._write(file, (*_without(file, connection, field), entry))

    def get(self, connection: str, field: str) -> Secret:
        """A credential, for the origin its connection has now.

        Raises:
            CredentialsError: it is not set, was set for another origin, or was changed.
        """
        origin = self._origin(connection)
        file = self._read()
        entry = file.entry(connection, field) if file is not None else None
        if file is None or entry is None:
            raise CredentialsError(f"{connection} has no credential '{field}': run `{_command(connection, field)}`")
        if entry.origin != origin:
            raise CredentialsError(
                f"the credential '{field}' of {connection} was set for {entry.origin}, and the connection is now "
                f"{origin}: if that is right, run `{_command(connection, field)}`"
            )
        try:
            return self._open(file, entry, origin)
        except Broken:
            raise CredentialsError(
                f"the credential '{field}' of {connection} was changed, or moved from another place, since it "
                f"was set: run `{_command(connection, field)}`"
            ) from None

    def names(self) -> tuple[CredentialName, ...]:
        """What is set, by connection and field, without any secret."""
        file = self._read()
        if file is None:
            return ()
        return tuple(
            CredentialName(entry.connection, entry.field, entry.set_at, self._fingerprint(file, entry))
            for entry in sorted(file.entries, key=lambda one: (one.connection, one.field))
        )

    def remove(self, connection: str, field: str) -> None:
        """Forget a credential.

        Raises:
            InputError: it is not set.
        """
        with self._alone():
            file = self._read()
            if file is None or file.entry(connection, field) is None:
                raise InputError(f"{connection} has no credential '{field}'")
            self._write(file, _without(file, connection, field))

    def _origin(self, connection: str) -> str:
        try:
            return self._origins[connection]
        except KeyError:
            known = ", ".join(sorted(self._origins))
            raise InputError(f"there is no connection '{connection}' with a base URL (there are: {known})") from None

    def _read(self) -> CredentialsFile | None:
        file = read_file(self._path)
        if file is not None and (file.key_id, file.key_check) != (self._key.id, self._key.check):
            raise CredentialsError(
                f"the key {self._key.id} is not the key of {self._path}, which is {file.key_id}: set {VARIABLE} "
                f"or {FILE_VARIABLE} to the key that this workspace was made with"
            )
        return file

    def _new_file(self) -> CredentialsFile:
        return CredentialsFile(workspace=random_id(), key_id=self._key.id, key_check=self._key.check)

    def _write(self, file: CredentialsFile, entries: Sequence[Entry]) -> None:
        write_file(self._path, replace(file, entries=tuple(entries)))

    def _open(self, file: CredentialsFile, entry: Entry, origin: str) -> Secret:
        where = place(file.workspace, entry.connection, entry.field, origin, self._key.id)
        return unseal(self._key, where, entry.sealed)

    def _fingerprint(self, file: CredentialsFile, entry: Entry) -> str:
        try:
            return self._open(file, entry, entry.origin).fingerprint()
        except Broken:
            return ""

    def _alone(self) -> AbstractContextManager[None]:
        return one_at_a_time(self._path.with_suffix(".lock"))


def create_key(folder: Path, *, environ: Mapping[str, str], existing: Sequence[Path] = ()) -> Path:
    """Make the key file of a new workspace in `folder`, and give its path.

    `existing` are other files that were made with a key, such as the ledger: with any of them there, a new
    key would only hide that the old one is missing.

    Raises:
        CredentialsError: there is a key already, or something that was made with one.
    """
    if environ.get(VARIABLE):
        raise CredentialsError(f"the key is in {VARIABLE} already: no key file is made")
    for made in (folder / FOLDER / FILE, *existing):
        if made.exists() or made.is_symlink():
            raise CredentialsError(f"{made} was made with a key: put that key back, a new one does not open it")
    path = key_path(folder / FOLDER, environ)
    create_private(path, new_key_text().encode())
    return path


def _command(connection: str, field: str) -> str:
    return f"ml-connector credentials set {connection} {field}"


def _without(file: CredentialsFile, connection: str, field: str) -> tuple[Entry, ...]:
    return tuple(one for one in file.entries if (one.connection, one.field) != (connection, field))
