"""The vault of one workspace: credentials sealed in a file, opened with a key that is kept elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from engine.adapters.vault.asking import Ask, nobody
from engine.adapters.vault.credentials_file import UPCOMING, Entry, damaged, read_file, write_file
from engine.adapters.vault.key import VaultKey, new_key_text
from engine.adapters.vault.opened import Opened, new_opened, unlock
from engine.adapters.vault.private_file import create_private, one_at_a_time
from engine.adapters.vault.providers import (
    BY_PASSPHRASE,
    PASSPHRASE_VARIABLE,
    VARIABLE,
    KeyProvider,
    NewKey,
    PlainKey,
    Remembering,
    chosen,
    key_path,
    providers_of,
)
from engine.adapters.vault.sealing import Broken, origins_of
from engine.words.clock import Clock, SystemClock
from engine.words.errors import CredentialsError, InputError
from engine.words.secret import Secret

FOLDER = ".ml-connector"
FILE = "credentials.json"

Opening = Callable[[str, str], None]
"""Hears of each credential that is opened, its field and its text, so as to hide it wherever text is shown."""

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


class CredentialName(NamedTuple):
    """A credential as people see it; the fingerprint is empty when it cannot be opened.

    `upcoming` marks the one that waits to take over, `expires` the day the operator named for it, `fits` says
    that it was set for the address its connection has now.
    """

    connection: str
    field: str
    set_at: datetime
    fingerprint: str
    expires: date | None = None
    upcoming: bool = False
    fits: bool = True


class Vault:
    """Credentials of a workspace. Reads the file at every call; several processes may use it at once."""

    def __init__(
        self,
        path: Path,
        providers: Sequence[KeyProvider],
        origins: Mapping[str, str],
        clock: Clock,
        existing: Sequence[Path],
        opening: Opening | None = None,
    ) -> None:
        self._path = path
        self._providers = tuple(providers)
        self._origins = origins
        self._clock = clock
        self._existing = tuple(existing)
        self._opening = opening
        self._met: dict[tuple[str, str], VaultKey] = {}

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        environ: Mapping[str, str],
        origins: Mapping[str, tuple[str, ...]],
        clock: Clock | None = None,
        existing: Sequence[Path] = (),
        providers: Sequence[KeyProvider] | None = None,
        ask: Ask = nobody,
        opening: Opening | None = None,
    ) -> Vault:
        """The vault of the workspace in `folder`; `origins` are the URLs that each of its connections may
        send its credentials to.

        `existing` are other files that were made with its key, such as the ledger; `providers` other places
        to find the key than the environment, the key file and a passphrase. `ask` gives the passphrase where it is
        not in the environment. `opening` hears of what is opened.

        Raises:
            CredentialsError: there is no key, it is not the key of this workspace, or the file is damaged.
            InputError: a base URL is not a URL.
        """
        known = {connection: origins_of(urls) for connection, urls in origins.items()}
        found = providers_of(folder / FOLDER, environ, ask) if providers is None else providers
        vault = cls(folder / FOLDER / FILE, found, known, clock or SystemClock(), existing, opening)
        vault._read_or_begin()
        return vault

    @property
    def audit_key(self) -> bytes:
        """The key of the ledger's audit trail, never in the database; it stays when the vault's key is changed."""
        opened = self._read()
        return opened.audit_key if opened is not None else self._plain_key().for_audit

    @property
    def mark(self) -> object:
        """The same as long as the file is the same; None when there is none."""
        try:
            now = self._path.lstat()
        except OSError:
            return None
        return now.st_ino, now.st_mtime_ns, now.st_ctime_ns, now.st_size, now.st_mode

    def set(
        self,
        connection: str,
        field: str,
        secret: Secret,
        *,
        expires: date | None = None,
        upcoming: bool = False,
    ) -> datetime:
        """Seal a credential for a connection, in place of the one that was there; gives when it counts as set.

        An `upcoming` one waits beside it, to take over when the present one is refused.

        Raises:
            InputError: there is no such connection, the name cannot be used, or the credential is empty.
        """
        origin = self._origin(connection)
        if not _NAME.fullmatch(connection) or not _NAME.fullmatch(field):
            raise InputError(f"'{connection} {field}' is not a name of letters, digits, '-', '_' and '.'")
        if not secret:
            raise InputError(f"the credential {field} of {connection} is empty")
        with self._alone():
            opened = self._writable()
            name = field + UPCOMING if upcoming else field
            now = self._clock.now()
            self._write(opened.with_text(connection, name, origin, secret.reveal(), now, expires))
        return now

    def get(self, connection: str, field: str) -> Secret:
        """A credential, for the origin its connection has now.

        Raises:
            CredentialsError: it is not set, was set for another origin, or was changed.
        """
        secret = self._find(connection, field)
        if secret is None:
            raise CredentialsError(f"{connection} has no credential '{field}': run `{_command(connection, field)}`")
        return secret

    def upcoming(self, connection: str, field: str) -> Secret | None:
        """The credential that waits to take over; None when there is none. Raises as `get` does."""
        return self._find(connection, field + UPCOMING)

    def set_at(self, connection: str, field: str, *, upcoming: bool = False) -> datetime | None:
        """When a credential was set; None when it is not."""
        opened = self._read()
        name = field + UPCOMING if upcoming else field
        entry = opened.file.entry(connection, name) if opened is not None else None
        return entry.set_at if entry is not None else None

    def take_over(self, connection: str, field: str, secret: Secret) -> bool:
        """Put the waiting credential in the place of the present one; says whether it was the one that waits.

        Another process may have done it before; then nothing changes.
        """
        origin = self._origin(connection)
        with self._alone():
            opened = self._read()
            waiting = opened.file.entry(connection, field + UPCOMING) if opened is not None else None
            if opened is None or waiting is None or self._opened_secret(opened, waiting, origin) != secret:
                return False
            moved = self._writable().without(connection, field + UPCOMING)
            self._write(moved.with_text(connection, field, origin, secret.reveal(), waiting.set_at, waiting.expires))
        return True

    def names(self) -> tuple[CredentialName, ...]:
        """What is set, by connection and field, without any secret."""
        opened = self._read()
        if opened is None:
            return ()
        return tuple(
            CredentialName(
                connection=entry.connection,
                field=entry.field.removesuffix(UPCOMING),
                set_at=entry.set_at,
                fingerprint=_fingerprint(opened, entry),
                expires=entry.expires,
                upcoming=entry.field.endswith(UPCOMING),
                fits=entry.origin == self._origins.get(entry.connection),
            )
            for entry in sorted(opened.file.entries, key=lambda one: (one.connection, one.field))
        )

    def trouble(self, connection: str, field: str, *, upcoming: bool = False) -> str:
        """Why a credential that is set cannot be used, in words; empty when it can."""
        try:
            self._find(connection, field + UPCOMING if upcoming else field)
        except (CredentialsError, InputError) as error:
            return str(error)
        return ""

    def remove(self, connection: str, field: str, *, upcoming: bool = False) -> None:
        """Forget a credential.

        Raises:
            InputError: it is not set.
        """
        name = field + UPCOMING if upcoming else field
        with self._alone():
            opened = self._read()
            if opened is None or opened.file.entry(connection, name) is None:
                raise InputError(f"{connection} has no {'next ' if upcoming else ''}credential '{field}'")
            self._write(self._writable().without(connection, name))

    def rotate_key(self, new: NewKey) -> str:
        """Lock the vault with a new key; says what is left for the operator to do.

        Whatever stops it, the vault opens with the old key or the new one, whichever the operator has.
        """
        with self._alone():
            opened = self._writable()
            key = new.key
            lock = opened.lock_with(key, new.name, new.parameters)
            # With both locks on it, the vault opens whichever of the two keys is in place when we are stopped.
            write_file(self._path, replace(opened.file, locks=(opened.lock, lock)))
            left = new.put_in_place()
            write_file(self._path, replace(opened.file, locks=(lock,)))
        self._met.clear()
        return left

    def rotate_data(self) -> int:
        """Seal every credential with a new data key, at once; gives how many there are."""
        with self._alone():
            opened = self._writable()
            fresh = opened.with_new_data_key(self._key_of(opened))
            self._write(fresh)
        return len(fresh.file.entries)

    @property
    def is_opened_by_passphrase(self) -> bool:
        """Whether a passphrase is its present key."""
        opened = self._read()
        return opened is not None and opened.lock.provider == BY_PASSPHRASE

    @property
    def key_words(self) -> str:
        """Which key opens this vault, in words."""
        opened = self._read()
        if opened is None:
            return f"key {self._plain_key().id}"
        return f"{opened.lock.provider} {opened.lock.key_id}, data key {opened.file.data_key_id}"

    def _origin(self, connection: str) -> str:
        try:
            return self._origins[connection]
        except KeyError:
            known = ", ".join(sorted(self._origins))
            raise InputError(f"there is no connection '{connection}' with a base URL (there are: {known})") from None

    def _find(self, connection: str, name: str) -> Secret | None:
        origin = self._origin(connection)
        opened = self._read()
        entry = opened.file.entry(connection, name) if opened is not None else None
        return None if opened is None or entry is None else self._opened_secret(opened, entry, origin)

    def _opened_secret(self, opened: Opened, entry: Entry, origin: str) -> Secret:
        connection, field = entry.connection, entry.field.removesuffix(UPCOMING)
        command = _command(connection, field) + (" --next" if entry.field.endswith(UPCOMING) else "")
        if entry.origin != origin:
            raise CredentialsError(
                f"the credential '{field}' of {connection} was set for {entry.origin}, and the connection is now "
                f"{origin}: if that is right, run `{command}`"
            )
        try:
            secret = Secret(opened.text_of(entry, origin))
        except Broken:
            raise CredentialsError(
                f"the credential '{field}' of {connection} was changed, or moved from another place, since it "
                f"was set: run `{command}`"
            ) from None
        if self._opening is not None:
            self._opening(field, secret.reveal())
        return secret

    def _read_or_begin(self) -> None:
        if self._read() is not None:
            return
        provider = chosen(self._providers)
        if isinstance(provider, PlainKey):
            provider.key({})
            return
        # Only the file knows what the key was made with, so it must be there before anything is made with the key.
        with self._alone():
            if self._read() is None:
                self._write(self._begun())

    def _read(self) -> Opened | None:
        file = read_file(self._path)
        if file is None:
            return None
        providers = [Remembering(one, self._met) for one in self._providers]
        try:
            return unlock(self._path, file, providers)
        except CredentialsError:
            again = read_file(self._path)
            if again is None or again.locks == file.locks:
                raise
            return unlock(self._path, again, providers)  # its key was changed between our two readings

    def _writable(self) -> Opened:
        opened = self._read()
        if opened is None:
            return self._begun()
        return opened.in_present_format(self._key_of(opened))

    def _begun(self) -> Opened:
        provider = chosen(self._providers)
        made = next((path for path in self._existing if path.exists()), None)
        if made is not None and not isinstance(provider, PlainKey):
            raise CredentialsError(f"{made} is there, but not {self._path}, which has its keys: put that file back")
        parameters = provider.new_parameters()
        return new_opened(provider.key(parameters), provider.name, parameters)

    def _write(self, opened: Opened) -> None:
        write_file(self._path, opened.locked_only())

    def _key_of(self, opened: Opened) -> VaultKey:
        provider = next((one for one in self._providers if one.name == opened.lock.provider), None)
        if provider is None:
            raise damaged(self._path)
        return Remembering(provider, self._met).key(opened.lock.parameters)

    def _plain_key(self) -> VaultKey:
        return chosen(self._providers).key({})

    def _alone(self) -> AbstractContextManager[None]:
        return one_at_a_time(self._path.with_suffix(".lock"))


def create_key(folder: Path, *, environ: Mapping[str, str], existing: Sequence[Path] = ()) -> Path:
    """Make the key file of a new workspace in `folder`, and give its path.

    `existing` are other files that were made with a key, such as the ledger: with any of them there, a new
    key would only hide that the old one is missing.

    Raises:
        CredentialsError: there is a key already, or something that was made with one.
    """
    for variable in (VARIABLE, PASSPHRASE_VARIABLE):
        if environ.get(variable):
            raise CredentialsError(f"the key is in {variable} already: no key file is made")
    for made in (folder / FOLDER / FILE, *existing):
        if made.exists() or made.is_symlink():
            raise CredentialsError(f"{made} was made with a key: put that key back, a new one does not open it")
    path = key_path(folder / FOLDER, environ)
    create_private(path, new_key_text().encode())
    return path


def _command(connection: str, field: str) -> str:
    return f"ml-connector credentials set {connection} {field}"


def _fingerprint(opened: Opened, entry: Entry) -> str:
    try:
        return Secret(opened.text_of(entry, entry.origin)).fingerprint()
    except Broken:
        return ""
