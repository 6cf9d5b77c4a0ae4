"""Whether an event really comes from its source, told from headers and raw body, before anything is parsed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from engine.domain.signature_rule import Encoding, KeyForm, SignatureRule, TimeForm
from engine.words.errors import CredentialsError
from engine.words.secret import Secret

CANDIDATES_MAX = 8
HEADER_MAX = 4096

Headers = Sequence[tuple[str, str]]
"""Names in lower case; a name may come more than once."""

_HEX = re.compile(r"[0-9a-fA-F]{64}")
_DIGITS = re.compile(r"[0-9]{1,15}")
_PLACE = re.compile(r"\{(timestamp|id|body)\}")


class Proof(StrEnum):
    """What the headers and the body prove; only a proven event is looked into."""

    PROVEN = "proven"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    STALE = "stale"


def prove(rule: SignatureRule, headers: Headers, body: bytes, secrets: Sequence[Secret], now: datetime) -> Proof:
    """Check the signature by every secret that is active now, then the age of what was signed.

    A header may hold several signatures, as it does while a source changes its secret: one that fits is enough.
    An event from the future is as stale as an old one.

    Raises:
        CredentialsError: a secret in the vault is not written as the rule says.
    """
    given = _values(headers, rule.header)
    if not given:
        return Proof.UNSIGNED
    stamp = _one(headers, rule.timestamp_header, rule.timestamp_prefix)
    event_id = _one(headers, rule.id_header, "")
    if stamp is None or event_id is None:
        return Proof.FORGED
    signed = _signed(rule.signed, _bytes_of(stamp, event_id, body))
    signatures = _signatures(given, rule)
    fits = False
    for secret in secrets:
        right = hmac.new(_key(secret, rule.key), signed, hashlib.sha256).digest()
        for one in signatures:
            fits |= hmac.compare_digest(one, right)
    if not fits:
        return Proof.FORGED
    if not rule.timestamp_header:
        return Proof.PROVEN
    at = _moment(stamp, rule.timestamp_form)
    return Proof.PROVEN if at is not None and abs((now - at).total_seconds()) <= rule.fresh_s else Proof.STALE


def is_one_of(given: str, secrets: Sequence[Secret]) -> bool:
    """Whether a text is one of the secrets; takes as long whichever it is, and whatever is wrong with it."""
    fits = False
    for secret in secrets:
        fits |= hmac.compare_digest(given.encode("utf-8", "surrogatepass"), secret.reveal().encode())
    return fits


def header_of(headers: Headers, name: str) -> str:
    """The one value of a header; empty where it is missing or came more than once."""
    values = _values(headers, name)
    return values[0].strip() if len(values) == 1 else ""


def sign(rule: SignatureRule, body: bytes, secret: Secret, now: datetime, event_id: str = "") -> dict[str, str]:
    """The headers with which a source sends a body, by the same rule; for the sandbox, which signs as one."""
    stamp = _stamp(now, rule.timestamp_form)
    signed = _signed(rule.signed, _bytes_of(stamp, event_id, body))
    mac = hmac.new(_key(secret, rule.key), signed, hashlib.sha256).digest()
    text = mac.hex() if rule.encoding == "hex" else base64.b64encode(mac).decode()
    headers = {rule.header: rule.prefix + text}
    if rule.timestamp_header:
        own = rule.timestamp_prefix + stamp
        shared = rule.timestamp_header.casefold() == rule.header.casefold()
        headers |= {rule.header: f"{own},{rule.prefix}{text}"} if shared else {rule.timestamp_header: own}
    return headers | ({rule.id_header: event_id} if rule.id_header else {})


def _values(headers: Headers, name: str) -> list[str]:
    wanted = name.casefold()
    return [value for key, value in headers if key == wanted and len(value) <= HEADER_MAX] if name else []


def _parts(values: Sequence[str], prefix: str) -> list[str]:
    """What stands behind the prefix, wherever it stands among parts separated by blanks or commas."""
    parts = [part for value in values for part in (*value.split(), *re.split(r"[\s,]+", value))]
    return list(dict.fromkeys(part.removeprefix(prefix) for part in parts if part.startswith(prefix)))


def _one(headers: Headers, name: str, prefix: str) -> str | None:
    """The one value of a header that is signed too; empty where the rule names none, None where there is not one."""
    if not name:
        return ""
    values = _values(headers, name)
    found = _parts(values, prefix) if prefix else [value.strip() for value in values]
    plain = [one for one in found if "," not in one]
    return plain[0] if len(plain) == 1 and plain[0] else None


def _signatures(values: Sequence[str], rule: SignatureRule) -> list[bytes]:
    found = (_decoded(part, rule.encoding) for part in _parts(values, rule.prefix))
    return [one for one in found if one is not None][:CANDIDATES_MAX]


def _decoded(text: str, encoding: Encoding) -> bytes | None:
    if encoding == "hex":
        return bytes.fromhex(text) if _HEX.fullmatch(text) else None
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return None


def _key(secret: Secret, form: KeyForm) -> bytes:
    text = secret.reveal()
    try:
        if form == "hex":
            return bytes.fromhex(text)
        return base64.b64decode(text, validate=True) if form == "base64" else text.encode()
    except (binascii.Error, ValueError):
        raise CredentialsError(f"a webhook secret is not written in {form}, as its connection says") from None


def _signed(template: str, parts: dict[str, bytes]) -> bytes:
    pieces = _PLACE.split(template)
    return b"".join(parts[piece] if number % 2 else piece.encode() for number, piece in enumerate(pieces))


def _bytes_of(stamp: str, event_id: str, body: bytes) -> dict[str, bytes]:
    """The parts as they came over the wire, where headers are latin-1."""
    return {"timestamp": stamp.encode("latin-1"), "id": event_id.encode("latin-1"), "body": body}


def _moment(text: str, form: TimeForm) -> datetime | None:
    try:
        if form == "iso":
            at = datetime.fromisoformat(text)
            return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        if not _DIGITS.fullmatch(text):
            return None
        return datetime.fromtimestamp(int(text) / (1000 if form == "milliseconds" else 1), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _stamp(now: datetime, form: TimeForm) -> str:
    if form == "iso":
        return now.isoformat()
    return str(int(now.timestamp() * (1000 if form == "milliseconds" else 1)))
