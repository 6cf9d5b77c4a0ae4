"""The shape of alerts.yaml: the channels, and which state is told to whom."""

from __future__ import annotations

from functools import cache

from engine.language.spec.schema_words import (
    FILE_NAME,
    Schema,
    amount,
    choice,
    document,
    list_of,
    map_of,
    record,
    text,
    whole,
    yes_no,
)

SPAN = r"^[1-9][0-9]{0,3}(m|h|d)$"
SLACK = "https://hooks.slack.com"
SMTP_PORT = 587

RULES: dict[str, str] = {
    "refused": "The target refused documents, and wrote nothing.",
    "in_doubt": "Something was sent `after` ago or longer, and nobody knows yet whether it was written.",
    "held": "What is held adds up to more than `above` in a currency, signs left out.",
    "findings": "Entered documents are gone from the target, changed there, or otherwise than asked.",
    "exposure": "The target could pay what the source pays.",
    "credential": "A credential is missing, refused, or near its end; a refused one pauses its connection.",
    "run_late": "A mapping has had no successful run for `after`.",
    "reconcile_out": "A control report does not tie.",
    "line_stopped": "Nothing is entered into a company, because so many of our documents are gone from it.",
    "job_failed": "A job of the service failed, or was set aside.",
}
"""What can be told of, with its meaning."""

OWN: dict[str, dict[str, Schema]] = {
    "in_doubt": {"after": text("So long: 30m, 6h or 2d.", pattern=SPAN, say="such as 30m, 6h or 2d")},
    "run_late": {"after": text("So long: 30m, 6h or 2d.", pattern=SPAN, say="such as 30m, 6h or 2d")},
    "held": {
        "above": map_of(
            amount("More than this.", least=0),
            "Amounts by currency (ISO 4217).",
            keys="^[A-Z]{3}$",
            say="three capital letters such as USD",
            least=1,
        )
    },
}
"""What a rule needs beside its channels."""
_MAPPINGS = list_of(text("A mapping's name."), "Only these mappings; all when not given.", least=1)
_BY_MAPPING = frozenset({"refused", "in_doubt", "held", "findings", "run_late"})
_PRIVATE = yes_no("Whether it stands in your own network (10.…, 192.168.…).", default=False)
_HTTPS = r"^https?://\S+$"


@cache
def alerts_schema() -> Schema:
    """Channels by name, and the rules."""
    channel: Schema = {
        "description": "Where alerts are told.",
        "type": "object",
        "properties": {"kind": choice("The kind of channel.", *_CHANNELS)},
        "required": ["kind"],
        "allOf": [_when("kind", kind, shape) for kind, shape in _CHANNELS.items()],
    }
    rule: Schema = {
        "description": "A state, and whom to tell of it.",
        "type": "object",
        "properties": {"on": choice("The state.", *RULES)},
        "required": ["on"],
        "allOf": [_when("on", name, _rule(name)) for name in RULES],
    }
    body = record(
        "Who is told of what. Without this file nobody is told. No secrets: those are in the vault.",
        needed={
            "channels": map_of(channel, "Channels by name.", keys=FILE_NAME, say="a-name-like-this", least=1),
            "rules": list_of(rule, "What is told, and where.", least=1),
        },
    )
    return document("alerts", "ml-connector alerts", body)


def _rule(name: str) -> Schema:
    return record(
        RULES[name],
        needed={
            "on": {"const": name},
            "tell": list_of(text("A channel's name."), "The channels.", least=1),
            **OWN.get(name, {}),
        },
        may={
            "name": text("Tells two rules on one state apart.", pattern=FILE_NAME, say="a-name-like-this"),
            **({"mappings": _MAPPINGS} if name in _BY_MAPPING else {}),
            "repeat_after": text(
                "Tell it again after so long while it stands; without it each cause is told once until it clears.",
                pattern=SPAN,
                say="such as 30m, 6h or 2d",
            ),
            "tell_cleared": yes_no("Whether to say so when it is over.", default=False),
        },
    )


_CHANNELS: dict[str, Schema] = {
    "webhook": record(
        "JSON by POST, signed with the credential `signing_secret`.",
        needed={
            "kind": {"const": "webhook"},
            "address": text("Where it is posted to.", pattern=_HTTPS, say="an address such as https://…"),
        },
        may={"allow_private_addresses": _PRIVATE},
    ),
    "slack": record(
        "An incoming webhook of Slack; the credential `hook` is its whole address.",
        needed={"kind": {"const": "slack"}},
        may={
            "address": {
                **text("The host that the hook stands at.", pattern=_HTTPS, say="an address such as https://…"),
                "default": SLACK,
            },
            "allow_private_addresses": _PRIVATE,
        },
    ),
    "teams": record(
        "A workflow of Teams that posts a card; the credential `hook` is its whole address.",
        needed={
            "kind": {"const": "teams"},
            "address": text(
                "The host that the hook stands at, such as https://prod-01.westeurope.logic.azure.com.",
                pattern=_HTTPS,
                say="an address such as https://…",
            ),
        },
        may={"allow_private_addresses": _PRIVATE},
    ),
    "email": record(
        "An e-mail by SMTP; with `username`, the credential `password` belongs to it.",
        needed={
            "kind": {"const": "email"},
            "host": text(
                "The mail server's name.", pattern=r"^[A-Za-z0-9.:-]+$", say="a name such as smtp.example.com"
            ),
            "from": text("The sender.", pattern=r"^[^\s@]+@[^\s@]+$", say="an e-mail address"),
            "to": list_of(
                text("A reader.", pattern=r"^[^\s@]+@[^\s@]+$", say="an e-mail address"), "The readers.", least=1
            ),
        },
        may={
            "port": whole("The mail server's port.", least=1, default=SMTP_PORT),
            "security": choice(
                "starttls: begins in the clear and goes on encrypted. tls: encrypted from the start. none: for this "
                "machine only.",
                "starttls",
                "tls",
                "none",
                default="starttls",
            ),
            "username": text("Who logs in; nobody when not given."),
            "allow_private_addresses": _PRIVATE,
        },
    ),
}


def _when(key: str, word: str, then: Schema) -> Schema:
    return {"if": {"type": "object", "properties": {key: {"const": word}}, "required": [key]}, "then": then}
