"""The shape of a connection's `webhooks`: how its events are proven, told apart, and what they wake."""

from __future__ import annotations

from engine.domain.signature_rule import FRESH_S
from engine.language.spec.schema_words import Schema, choice, list_of, map_of, record, text, whole

BODY_MAX_BYTES = 131_072
KEEP_DAYS = 30
EVENT_ID = "id"
EVENT_KIND = "type"
REST = "*"
"""Stands for every kind that `wakes` does not name."""

_HEADER = r"^[A-Za-z0-9-]{1,100}$"
_SAY_HEADER = "the name of a header, such as X-Signature"


def webhooks_schema() -> Schema:
    """The part of connections.yaml; its presence says that the connection's events are listened for."""
    return record(
        "Listen for this system's events. An event only wakes mappings: they read the records from the system.",
        may={
            "signature": _signature(),
            "event_id": text(
                f"JMESPath of what tells one event from another; '{EVENT_ID}' when not set. Where the system's id "
                "names the record, take more: join('/', [id, type, created_date])."
            ),
            "event_kind": text(f"JMESPath of the event's kind; '{EVENT_KIND}' when not set."),
            "wakes": map_of(
                list_of(text("A mapping."), "The mappings that such an event wakes; none with []."),
                f"Kinds of events with the mappings they wake; '{REST}' is every kind not named. By default each "
                "event wakes every mapping that reads this connection.",
            ),
            "body_max_bytes": whole(
                "The largest event that is accepted, in bytes.", least=1024, default=BODY_MAX_BYTES
            ),
            "keep_days": whole("Days that an event is kept, for looking at.", least=1, default=KEEP_DAYS),
        },
    )


def _signature() -> Schema:
    return record(
        "How the system signs (HMAC-SHA256). Without it the secret is the last part of the address instead.",
        needed={"header": text("The header with the signature.", pattern=_HEADER, say=_SAY_HEADER)},
        may={
            "prefix": text("What stands before the signature in its header, such as 'sha256=' or 'v1='."),
            "encoding": choice("How the signature is written.", "hex", "base64", default="hex"),
            "key": choice("How the secret in the vault is written.", "text", "hex", "base64", default="text"),
            "timestamp_header": text(
                "The header with the time of sending; it must be signed.", pattern=_HEADER, say=_SAY_HEADER
            ),
            "timestamp_prefix": text("What stands before the time in its header, such as 't='."),
            "timestamp_form": choice("How the time is written.", "seconds", "milliseconds", "iso", default="seconds"),
            "id_header": text("The header with the event's id; it must be signed.", pattern=_HEADER, say=_SAY_HEADER),
            "signed": text(
                "What is signed, with {timestamp}, {id} and {body}; by default '{timestamp}.{body}' where there is a "
                "timestamp_header, else '{body}'."
            ),
            "fresh_s": whole("Seconds that an event may be old, or ahead.", least=1, default=FRESH_S),
        },
    )
