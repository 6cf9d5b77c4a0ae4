"""Where the key comes from: the environment, a key file, a passphrase, or another place by the same protocol."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from engine.adapters.vault.asking import Ask, nobody
from engine.adapters.vault.key import HOW, LENGTH, VaultKey, new_key_text, parse_key
from engine.adapters.vault.private_file import read_private, write_private
from engine.words.errors import CredentialsError

VARIABLE = "ML_CONNECTOR_KEY"
FILE_VARIABLE = "ML_CONNECTOR_KEY_FILE"
PASSPHRASE_VARIABLE = "ML_CONNECTOR_PASSPHRASE"  # noqa: S105 - the name of a variable
NEW_VARIABLE = "ML_CONNECTOR_NEW_KEY"
NEW_PASSPHRASE_VARIABLE = "ML_CONNECTOR_NEW_PASSPHRASE"  # noqa: S105 - the name of a variable
PASSPHRASE_MIN = 12
"""Letters; a shorter passphrase is guessed by whoever has the file."""

BY_PASSPHRASE = "passphrase"  # noqa: S105 - the name of a provider

Parameters = Mapping[str, str | int]

_SALT_BYTES = 16
_MEMORY_MAX_KIB = 1024 * 1024
_PASSES_MAX = 100
_ARGON2: Mapping[str, str | int] = {"passes": 3, "lanes": 4, "memory_kib": 64 * 1024}


class KeyProvider(Protocol):
    """One way to keep the key; one that keeps it elsewhere (a key service) has its reference in `parameters`."""

    @property
    def name(self) -> str:
        """What stands in the vault's file for this provider."""
        ...

    def is_set_up(self) -> bool:
        """Whether this provider is what the operator has chosen for a vault that is not there yet."""
        ...

    def key(self, parameters: Parameters) -> VaultKey:
        """The key, with the parameters it was made with.

        Raises:
            CredentialsError: it is missing or cannot be used; the message says what to set.
        """
        ...

    def new_parameters(self) -> Parameters:
        """Parameters for a vault that is made now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainKey:
    """32 bytes, in the environment or in a file that only its owner can read."""

    path: Path
    environ: Mapping[str, str] = field(repr=False)
    name: str = "key"

    def is_set_up(self) -> bool:
        """Whether the variable is set, or the file there; it is what a vault has when nothing else is chosen."""
        return bool(self.environ.get(VARIABLE)) or self.path.exists() or self.path.is_symlink()

    def key(self, parameters: Parameters) -> VaultKey:
        """The key from the environment, or from its file."""
        del parameters
        text = self.environ.get(VARIABLE, "")
        if text:
            return parse_key(text, f"the environment variable {VARIABLE}")
        content = read_private(self.path)
        if content is None:
            raise CredentialsError(
                f"there is no key: set the environment variable {VARIABLE} to {HOW}, "
                f"or put back the key file {self.path}"
            )
        return parse_key(content.decode("ascii", "replace"), str(self.path))

    def new_parameters(self) -> Parameters:
        """None are needed."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passphrase:
    """A passphrase from the environment, or from a person; stretched by Argon2id (RFC 9106).

    Salt and costs are parameters.
    """

    environ: Mapping[str, str] = field(repr=False)
    variable: str = PASSPHRASE_VARIABLE
    ask: Ask = nobody
    name: str = BY_PASSPHRASE

    def is_set_up(self) -> bool:
        """Whether the variable is set."""
        return bool(self.environ.get(self.variable))

    def key(self, parameters: Parameters) -> VaultKey:
        """The stretched passphrase; takes about a tenth of a second and 64 MiB, on purpose."""
        text = self.environ.get(self.variable, "") or self.ask()
        if not text:
            raise CredentialsError(
                f"this vault is opened by a passphrase: set the environment variable {self.variable}, "
                "or run this on a terminal and type it"
            )
        if len(text) < PASSPHRASE_MIN:
            raise CredentialsError(f"the passphrase is too short: {PASSPHRASE_MIN} letters at least")
        return VaultKey(_stretched(text, parameters))

    def new_parameters(self) -> Parameters:
        """A new salt, and the costs of today."""
        return {"salt": base64.b64encode(os.urandom(_SALT_BYTES)).decode(), **_ARGON2}


class Remembering:
    """A provider that is asked once for each set of parameters: a passphrase takes long to stretch."""

    def __init__(self, provider: KeyProvider, met: dict[tuple[str, str], VaultKey]) -> None:
        self._provider = provider
        self._met = met
        self.name = provider.name

    def is_set_up(self) -> bool:
        """As the provider says."""
        return self._provider.is_set_up()

    def key(self, parameters: Parameters) -> VaultKey:
        """The key; one without parameters is read anew, since its file may have been changed meanwhile."""
        if not parameters:
            return self._provider.key(parameters)
        name = (self.name, repr(sorted(parameters.items())))
        if name not in self._met:
            self._met[name] = self._provider.key(parameters)
        return self._met[name]

    def new_parameters(self) -> Parameters:
        """As the provider says."""
        return self._provider.new_parameters()


def providers_of(folder: Path, environ: Mapping[str, str], ask: Ask = nobody) -> tuple[KeyProvider, ...]:
    """The ways to find the key of the vault in `folder`, the one for a new vault first."""
    plain = PlainKey(path=key_path(folder, environ), environ=environ)
    passphrase = Passphrase(environ=environ, ask=ask)
    if passphrase.is_set_up() and not environ.get(VARIABLE):
        return (passphrase, plain)
    return (plain, passphrase)


def key_path(folder: Path, environ: Mapping[str, str]) -> Path:
    """Where the key file is, when the key is not in the environment itself."""
    named = environ.get(FILE_VARIABLE, "")
    return Path(named) if named else folder / "key"


class NewKey(Protocol):
    """A key that is to replace the present one."""

    @property
    def name(self) -> str:
        """The provider that will find it."""
        ...

    @property
    def parameters(self) -> Parameters:
        """What it will be found with."""
        ...

    @property
    def key(self) -> VaultKey:
        """The new key itself."""
        ...

    def put_in_place(self) -> str:
        """Keep it where the provider finds it; says what is left for the operator to do."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKeyFile:
    """A new random key for the key file; the old file is replaced at once."""

    path: Path
    text: str = field(repr=False)
    name: str = "key"
    parameters: Parameters = field(default_factory=dict)

    @property
    def key(self) -> VaultKey:
        """The new key itself."""
        return parse_key(self.text, str(self.path))

    def put_in_place(self) -> str:
        """Replace the file."""
        write_private(self.path, self.text.encode())
        return f"the new key is in {self.path}: keep a copy of it elsewhere; the old key opens this vault no more"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFromOperator:
    """A new key or passphrase that the operator has put into the environment or typed, and keeps afterwards."""

    key: VaultKey
    name: str
    parameters: Parameters
    left: str

    def put_in_place(self) -> str:
        """Nothing to do here."""
        return f"{self.left}; the old one opens this vault no more"


def new_passphrase(text: str) -> NewKey:
    """A passphrase that was typed, to replace the present key.

    Raises:
        CredentialsError: it is too short.
    """
    return _new_passphrase(
        Passphrase(environ={}, ask=lambda: text), f"type it from now on, or set {PASSPHRASE_VARIABLE} to it"
    )


def new_key_of(folder: Path, environ: Mapping[str, str]) -> NewKey:
    """The key that is to replace the present one: from the environment, else a new key file.

    Raises:
        CredentialsError: the present key is in the environment, and no new one beside it.
    """
    text = environ.get(NEW_VARIABLE, "")
    if text:
        key = parse_key(text, f"the environment variable {NEW_VARIABLE}")
        return NewFromOperator(key=key, name="key", parameters={}, left=_moved(NEW_VARIABLE, VARIABLE))
    if environ.get(NEW_PASSPHRASE_VARIABLE):
        source = Passphrase(environ=environ, variable=NEW_PASSPHRASE_VARIABLE)
        return _new_passphrase(source, _moved(NEW_PASSPHRASE_VARIABLE, PASSPHRASE_VARIABLE))
    if environ.get(VARIABLE) or environ.get(PASSPHRASE_VARIABLE):
        raise CredentialsError(
            f"the key is in the environment: put the new one into {NEW_VARIABLE} (32 bytes in base64 or hex) "
            f"or {NEW_PASSPHRASE_VARIABLE}, and run this again"
        )
    return NewKeyFile(path=key_path(folder, environ), text=new_key_text())


def _moved(given_in: str, wanted_in: str) -> str:
    return f"now set {wanted_in} to the value of {given_in}"


def _new_passphrase(source: Passphrase, left: str) -> NewKey:
    parameters = source.new_parameters()
    return NewFromOperator(key=source.key(parameters), name=source.name, parameters=parameters, left=left)


def chosen(providers: Sequence[KeyProvider]) -> KeyProvider:
    """The provider of a vault that is not there yet."""
    return next((one for one in providers if one.is_set_up()), providers[0])


def _stretched(text: str, parameters: Parameters) -> bytes:
    try:
        salt = base64.b64decode(str(parameters["salt"]), validate=True)
        passes, lanes, memory = (int(parameters[name]) for name in _ARGON2)
        stretch = Argon2id(
            salt=salt,
            length=LENGTH,
            iterations=min(passes, _PASSES_MAX),
            lanes=lanes,
            memory_cost=min(memory, _MEMORY_MAX_KIB),
        )
    except (KeyError, ValueError, binascii.Error):
        raise CredentialsError(
            "the parameters of the passphrase were changed: restore the credentials file from a backup"
        ) from None
    except UnsupportedAlgorithm as error:
        raise CredentialsError(
            f"this system's cryptography has no Argon2id, so no passphrase can be used: set {VARIABLE}"
        ) from error
    return stretch.derive(text.encode())
