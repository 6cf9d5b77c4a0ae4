"""What is known of the use of each credential: when it was last accepted or refused, and the server's id of it.

Nothing here is secret. It lies beside the credentials in a file of its own, since every run writes it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from engine.adapters.vault.private_file import one_at_a_time, read_private, write_private
from engine.words.errors import CredentialsError

FILE = "credentials-use.json"
QUIET = timedelta(minutes=10)
"""An acceptance is written down again only after this time, or when something about it is new."""


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """The use of the credential that was set at `set_at`; a credential that is set anew begins anew."""

    connection: str
    field: str
    set_at: datetime
    accepted_at: datetime | None = None
    refused_at: datetime | None = None
    token_id: str = ""


class _Shape(msgspec.Struct, frozen=True, kw_only=True):
    format: int = 1
    uses: tuple[Use, ...] = ()


class UseLog:
    """The file of uses; several processes may write it at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, connection: str, field: str, set_at: datetime) -> Use:
        """What is known of a credential; nothing yet when it was never used since it was set."""
        known = self._read().get((connection, field))
        if known is not None and known.set_at == set_at:
            return known
        return Use(connection=connection, field=field, set_at=set_at)

    def accepted(self, connection: str, field: str, set_at: datetime, at: datetime, token_id: str) -> None:
        """Note that the system accepted it; the id is its own name for the token, where it sends one."""
        known = self.find(connection, field, set_at)
        same = known.token_id == token_id and known.refused_at is None
        if same and known.accepted_at is not None and at - known.accepted_at < QUIET:
            return
        self._write(msgspec.structs.replace(known, accepted_at=at, refused_at=None, token_id=token_id))

    def refused(self, connection: str, field: str, set_at: datetime, at: datetime) -> bool:
        """Note that the system refused it; says whether that is new."""
        known = self.find(connection, field, set_at)
        if known.refused_at is None:
            self._write(msgspec.structs.replace(known, refused_at=at))
        return known.refused_at is None

    def _read(self) -> dict[tuple[str, str], Use]:
        content = read_private(self._path)
        if content is None:
            return {}
        try:
            shape = msgspec.json.decode(content, type=_Shape)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise CredentialsError(f"{self._path} is damaged: delete it; it holds no credential") from None
        return {(one.connection, one.field): one for one in shape.uses}

    def _write(self, use: Use) -> None:
        with one_at_a_time(self._path.with_suffix(".lock")):
            known = self._read() | {(use.connection, use.field): use}
            shape = _Shape(uses=tuple(known[name] for name in sorted(known)))
            write_private(self._path, msgspec.json.encode(shape) + b"\n")
