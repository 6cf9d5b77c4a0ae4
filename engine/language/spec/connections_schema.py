"""The shape of connections.yaml; each kind of system brings its own settings."""

from __future__ import annotations

from collections.abc import Mapping

from engine.language.spec.schema_words import Schema, choice, document, map_of, record, ref, text, whole
from engine.language.spec.webhooks_schema import webhooks_schema

LEDGER_URL = "postgresql://user@host/database, or sqlite:////folder/ledger.db"
"""How the address of a ledger looks."""
LEASE_S = 30
STOP_AFTER_REFUSED = 10

_ENVIRONMENT = choice(
    "Outcomes are written back to the source only within production, or within the sandbox.",
    "test",
    "production",
    "sandbox",
)
_BASE_URL = text(
    "The address every request begins with.", pattern=r"^https?://\S+$", say="an address such as https://…"
)


def connections_schema(kinds: Mapping[str, Schema]) -> Schema:
    """The systems by name; `kinds` has the JSON Schema (an object) of each kind's own settings."""
    connection: Schema = {
        "description": "A named, configured system.",
        "type": "object",
        "properties": {"kind": choice("The kind of system.", *sorted(kinds))},
        "required": ["kind"],
        "allOf": [
            {
                "if": {"type": "object", "properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": _connection(kind, own),
            }
            for kind, own in sorted(kinds.items())
        ],
    }
    body = record(
        "The systems this workspace works with. No credentials: those are in the vault.",
        needed={"connections": map_of(connection, "Connections by name.", least=1)},
        may={
            "ledger": text(
                "The ledger's database URL; by default SQLite inside the workspace.",
                pattern=r"^(sqlite|postgres|postgresql)(\+[a-z0-9_]+)?://",
                say=LEDGER_URL,
            ),
            "lease_s": whole(
                "Seconds until the turn of a runner that died passes to the next one; a runner that lives renews it.",
                least=2,
                default=LEASE_S,
            ),
            "stop_after_refused": whole(
                "So many documents in a row that are refused or get no proof end a run's sending; the rest stays "
                "ready for the next run.",
                least=1,
                default=STOP_AFTER_REFUSED,
            ),
        },
    )
    return document("connections", "ml-connector connections", body, {"webhooks": webhooks_schema()})


def _connection(kind: str, own: Schema) -> Schema:
    shared = record(
        f"A connection of kind {kind}.",
        needed={"kind": {"const": kind}, "environment": _ENVIRONMENT, "base_url": _BASE_URL},
        may={"webhooks": ref("webhooks"), **own.get("properties", {})},
    )
    needed = [*shared["required"], *(key for key in own.get("required", ()) if key not in shared["required"])]
    return {**shared, "required": needed}
