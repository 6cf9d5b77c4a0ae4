"""How a source signs the events it sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FRESH_S = 300

Encoding = Literal["hex", "base64"]
KeyForm = Literal["text", "hex", "base64"]
TimeForm = Literal["seconds", "milliseconds", "iso"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureRule:
    """HMAC-SHA256 over `signed`, in which {timestamp}, {id} and {body} stand for what the event came with.

    Every part of it is a setting, because nothing about Airbase's signatures is published. `timestamp_header` is
    empty where the source sends no time; then only the event's id tells a replay. `key` is how the secret in the
    vault is written.
    """

    header: str
    prefix: str = ""
    encoding: Encoding = "hex"
    key: KeyForm = "text"
    timestamp_header: str = ""
    timestamp_prefix: str = ""
    timestamp_form: TimeForm = "seconds"
    id_header: str = ""
    signed: str = "{body}"
    fresh_s: int = FRESH_S
