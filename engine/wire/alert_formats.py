"""An alert in the words of each kind of receiver; pure.

Slack: blocks of an incoming webhook (docs.slack.dev, "Sending messages using incoming webhooks"). Teams: an
adaptive card as its workflow "post to a channel when a webhook request is received" takes it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from engine.domain.alert import Alert, Event

SIGNATURE = "X-ML-Connector-Signature"
_HEADER_MAX = 150


def slack_body(alert: Alert) -> dict[str, Any]:
    """The message for Slack; every text is plain, so that nothing in it becomes a mention or a link."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(alert.title[:_HEADER_MAX])},
        {"type": "section", "text": _plain("\n".join(f"{name}: {told}" for name, told in alert.facts))},
    ]
    if _has_next(alert):
        blocks.append({"type": "section", "text": _plain(f"next: {alert.raised.command}")})
    # The text is what a notification shows; Slack reads & < > in it, and nothing else.
    return {"text": _escaped(alert.title), "blocks": blocks}


def teams_body(alert: Alert) -> dict[str, Any]:
    """The message for Teams."""
    body: list[dict[str, Any]] = [
        {"type": "TextBlock", "text": alert.title, "weight": "Bolder", "size": "Medium", "wrap": True},
        {"type": "FactSet", "facts": [{"title": name, "value": told} for name, told in alert.facts]},
    ]
    if _has_next(alert):
        body.append({"type": "TextBlock", "text": alert.raised.command, "fontType": "Monospace", "wrap": True})
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def mail_subject(alert: Alert) -> str:
    """The subject of an e-mail, on one line."""
    return " ".join(f"[ml-connector {alert.workspace}] {alert.title}".split())


def mail_text(alert: Alert) -> str:
    """The text of an e-mail."""
    lines = [alert.title, ""]
    lines += [f"{name + ':':<12} {told}" for name, told in alert.facts]
    if _has_next(alert):
        lines += ["", "next:", f"  {alert.raised.command}"]
    return "\n".join(lines) + "\n"


def signature(secret: bytes, timestamp: int, body: bytes) -> str:
    """The signature header of a webhook: `t=SECONDS,v1=HEX`.

    HEX is HMAC-SHA256 with the secret over the seconds, a point and the body; the receiver refuses old seconds.
    """
    mac = hmac.new(secret, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={mac}"


def _has_next(alert: Alert) -> bool:
    return alert.event is not Event.CLEARED and bool(alert.raised.command)


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
