"""The alerts.yaml of a new workspace: an example, every line of it a comment, so that it tells nobody of anything."""

from __future__ import annotations

_HEAD = """\
# yaml-language-server: $schema=schemas/alerts.schema.json
# Who is told of what. As long as every line is a comment, nobody is told. Take away the "# " you need, then:
#   ml-connector validate
#   ml-connector credentials set alerts.CHANNEL FIELD    (secrets are never kept here)
#   ml-connector alerts test CHANNEL
"""

EXAMPLE = """\
channels:
  desk:                                  # with a username: credentials set alerts.desk password
    kind: email
    host: smtp.example.com
    port: 587
    security: starttls                   # starttls, tls, or none for a server on this machine
    username: ml-connector@example.com
    from: ml-connector@example.com
    to: [ap@example.com]
  chat:                                  # credentials set alerts.chat hook: the whole address of the incoming webhook
    kind: slack
  operations:                            # credentials set alerts.operations hook
    kind: teams
    address: https://prod-01.westeurope.logic.azure.com
  pager:                                 # JSON by POST; credentials set alerts.pager signing_secret
    kind: webhook
    address: https://pager.example.com/hooks/ml-connector
rules:                                   # each cause is told once until it clears; repeat_after tells it again
  - {on: refused, tell: [desk, chat], repeat_after: 1d}
  - {on: in_doubt, after: 1h, tell: [desk], tell_cleared: true}
  - {on: held, above: {USD: 50000.00, EUR: 50000.00}, tell: [desk], repeat_after: 1d}
  - {on: findings, tell: [desk], repeat_after: 1d}
  - {on: exposure, tell: [desk, pager]}
  - {on: credential, tell: [operations], repeat_after: 2d}
  - {on: run_late, after: 26h, mappings: [bills], tell: [operations], tell_cleared: true}
  - {on: reconcile_out, tell: [desk]}
  - {on: line_stopped, tell: [desk, operations, pager]}
  - {on: job_failed, tell: [operations]}
"""


def alerts_text() -> str:
    """The file as `init` writes it."""
    return _HEAD + "".join(f"# {line}\n" for line in EXAMPLE.splitlines())
