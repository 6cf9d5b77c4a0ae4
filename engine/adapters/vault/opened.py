"""A credentials file whose keys are unwrapped: sealing and unsealing its entries, and changing its keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import msgspec

from engine.adapters.vault.credentials_file import FIRST_FORMAT, FORMAT, CredentialsFile, Entry, Lock, damaged
from engine.adapters.vault.key import VaultKey
from engine.adapters.vault.providers import FILE_VARIABLE, VARIABLE, KeyProvider, Parameters
from engine.adapters.vault.sealing import Broken, first_place, key_place, new_key, place, seal, unseal
from engine.words.clock import random_id
from engine.words.errors import CredentialsError

_DATA, _AUDIT = "data key", "audit key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file with its keys; nothing of them prints. `lock` is the one that our key opened."""

    file: CredentialsFile
    lock: Lock
    data_key: bytes = field(repr=False)
    audit_key: bytes = field(repr=False)

    def text_of(self, entry: Entry, origin: str) -> str:
        """The credential, for a connection at this origin.

        Raises:
            Broken: it was changed, or sealed for another place.
        """
        if entry.key_id != self.file.data_key_id:
            raise Broken
        return unseal(self.data_key, self._place(entry, origin), entry.sealed).decode()

    def with_text(
        self, connection: str, name: str, origin: str, text: str, set_at: datetime, expires: date | None
    ) -> Opened:
        """The same with a credential sealed into it, in place of the one that was there."""
        entry = Entry(
            connection=connection,
            field=name,
            origin=origin,
            set_at=set_at,
            expires=expires,
            key_id=self.file.data_key_id,
            sealed="",
        )
        sealed = seal(self.data_key, self._place(entry, origin), text.encode())
        return replace(self, file=self.file.having(msgspec.structs.replace(entry, sealed=sealed)))

    def without(self, connection: str, name: str) -> Opened:
        """The same without one entry."""
        return replace(self, file=self.file.without(connection, name))

    def locked_only(self) -> CredentialsFile:
        """The file as it is written after a change: with our lock alone; that ends a change of key that broke off."""
        return replace(self.file, locks=(self.lock,))

    def lock_with(self, key: VaultKey, provider: str, parameters: Parameters) -> Lock:
        """Another lock around the same keys."""
        return _lock(self.file, key, provider, parameters, self.data_key, self.audit_key)

    def in_present_format(self, key: VaultKey) -> Opened:
        """The same in the present format; a credential that does not open stays one that does not open."""
        if self.file.format == FORMAT:
            return self
        fresh = replace(self.file, format=FORMAT, data_key_id=random_id()[:8])
        return self._sealed_anew(fresh, key)

    def with_new_data_key(self, key: VaultKey) -> Opened:
        """Every credential sealed with a new data key."""
        return self._sealed_anew(replace(self.file, data_key_id=random_id()[:8]), key)

    def _sealed_anew(self, fresh: CredentialsFile, key: VaultKey) -> Opened:
        data_key = new_key()
        lock = _lock(fresh, key, self.lock.provider, self.lock.parameters, data_key, self.audit_key)
        made = Opened(file=replace(fresh, locks=(lock,)), lock=lock, data_key=data_key, audit_key=self.audit_key)
        for entry in self.file.entries:
            try:
                text = self.text_of(entry, entry.origin)
            except Broken:
                continue
            made = made.with_text(entry.connection, entry.field, entry.origin, text, entry.set_at, entry.expires)
        return made

    def _place(self, entry: Entry, origin: str) -> bytes:
        name, workspace = (entry.connection, entry.field), self.file.workspace
        if self.file.format == FIRST_FORMAT:
            return first_place(workspace, *name, origin, entry.key_id)
        when = f"{entry.set_at.isoformat()}|{entry.expires or ''}"
        return place(workspace, *name, origin, entry.key_id, when)


def new_opened(key: VaultKey, provider: str, parameters: Parameters) -> Opened:
    """A new vault without entries, with keys of its own."""
    file = CredentialsFile(workspace=random_id(), data_key_id=random_id()[:8], locks=())
    data_key = new_key()
    # The audit key stays the one that a workspace without a credential has, so that its trail goes on.
    audit_key = key.for_audit
    lock = _lock(file, key, provider, parameters, data_key, audit_key)
    return Opened(file=replace(file, locks=(lock,)), lock=lock, data_key=data_key, audit_key=audit_key)


def unlock(path: Path, file: CredentialsFile, providers: Sequence[KeyProvider]) -> Opened:
    """The file opened by whichever of its locks the operator's key fits.

    Raises:
        CredentialsError: no key, another key, or the wrapped keys were changed; each in its own words.
    """
    troubles = []
    for lock in file.locks:
        provider = next((one for one in providers if one.name == lock.provider), None)
        if provider is None:
            raise CredentialsError(
                f"{path} is locked by '{lock.provider}', which this program does not know: install what knows it"
            )
        try:
            key = provider.key(lock.parameters)
        except CredentialsError as error:
            troubles.append(error)
            continue
        opened = _unwrapped(file, lock, key)
        if opened is not None:
            return opened
        troubles.append(_does_not_fit(path, file, lock, key))
    raise troubles[0]


def _unwrapped(file: CredentialsFile, lock: Lock, key: VaultKey) -> Opened | None:
    """None when the key does not open the lock, or belongs to it and the file was changed."""
    if (lock.key_id, lock.key_check) != (key.id, key.check):
        return None
    if file.format == FIRST_FORMAT:
        return Opened(file=file, lock=lock, data_key=key.for_credentials, audit_key=key.for_audit)
    try:
        return Opened(
            file=file,
            lock=lock,
            data_key=unseal(key.for_wrapping, _key_place(file, _DATA, key), lock.data_key),
            audit_key=unseal(key.for_wrapping, _key_place(file, _AUDIT, key), lock.audit_key),
        )
    except Broken:
        return None


def _does_not_fit(path: Path, file: CredentialsFile, lock: Lock, key: VaultKey) -> CredentialsError:
    if key.id == lock.key_id or key.check == lock.key_check or _opens(file, lock, key):
        # Something of it fits, so the key is right, and the file is not what was written.
        return damaged(path)
    return CredentialsError(
        f"the key {key.id} is not the key of {path}, which is {lock.key_id}: set {VARIABLE} or {FILE_VARIABLE} "
        "to the key that this workspace was made with, or last changed to"
        if lock.provider == "key"
        else f"the passphrase is not the one that {path} was made with, or last changed to"
    )


def _opens(file: CredentialsFile, lock: Lock, key: VaultKey) -> bool:
    try:
        unseal(key.for_wrapping, _key_place(file, _DATA, key), lock.data_key)
    except Broken:
        return False
    return True


def _lock(
    file: CredentialsFile, key: VaultKey, provider: str, parameters: Parameters, data_key: bytes, audit_key: bytes
) -> Lock:
    return Lock(
        provider=provider,
        key_id=key.id,
        key_check=key.check,
        parameters=dict(parameters),
        data_key=seal(key.for_wrapping, _key_place(file, _DATA, key), data_key),
        audit_key=seal(key.for_wrapping, _key_place(file, _AUDIT, key), audit_key),
    )


def _key_place(file: CredentialsFile, purpose: str, key: VaultKey) -> bytes:
    return key_place(file.workspace, purpose, file.data_key_id, key.id)
