"""A demonstration's workspace with an alerts.yaml, whose records are put into states by hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from engine.adapters.store.alert_book import AlertRow
from engine.adapters.store.port import Conclusion, Decision, Intent
from engine.adapters.vault.vault import create_key
from engine.domain.audit_event import AuditEvent
from engine.domain.lifecycle import State
from engine.domain.record import RecordKey, SourceRecord
from engine.faces.sandbox.demo import make_demo
from engine.language.spec.alerts import load_alerts
from engine.run.alerting.checking import Checked
from engine.run.alerting.looks import Looks
from engine.run.setup import Setup
from engine.wiring.alerting import book_of, check_workspace
from engine.wiring.app import open_setup, open_vault, valid_workspace
from engine.wiring.workspace import Workspace
from engine.words.clock import ManualClock
from engine.words.secret import Secret

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
FEED = "/v1/accounting/ledger_entries/"
HOOK = "https-hook-that-nobody-may-see"
SIGNING = "the-signing-secret"


@cache
def demo(folder: Path) -> Workspace:
    """The demonstration's workspace, loaded once."""
    make_demo(folder)
    return valid_workspace(folder)


@dataclass
class Desk:
    """One workspace of its own; time passes when told."""

    workspace: Workspace
    clock: ManualClock
    number: int = 0

    @contextmanager
    def setup(self) -> Iterator[Setup]:
        with open_setup(self.workspace, clock=self.clock) as setup:
            yield setup

    def check(self, looks: Looks | None = None) -> Checked:
        with self.setup() as setup:
            return check_workspace(self.workspace, setup, looks=looks)

    def book(self) -> tuple[AlertRow, ...]:
        with self.setup() as setup:
            return book_of(setup.ledger, self.clock).rows()

    def pass_time(self, **span: float) -> None:
        from datetime import timedelta

        self.clock.sleep(timedelta(**span).total_seconds())

    def held(
        self, *amounts: str, currency: str = "USD", mapping: str = "bills", cause: str = "value_missing"
    ) -> list[int]:
        return self._records(amounts, State.HELD, currency=currency, mapping=mapping, cause=cause)

    def refused(self, *amounts: str, mapping: str = "bills") -> list[int]:
        return self._sent(amounts, mapping, "no_effect", State.REFUSED, "refused")

    def in_doubt(self, *amounts: str, mapping: str = "bills") -> list[int]:
        return self._sent(amounts, mapping, "unknown", State.IN_DOUBT, "no_answer")

    def entered(self, *amounts: str, mapping: str = "bills", cause: str = "") -> list[int]:
        ids = self._sent(amounts, mapping, "effect", State.ENTERED, "")
        if cause:
            self.move(ids, State.ENTERED, cause=cause)
        return ids

    def move(self, ids: list[int], state: State, **more: Any) -> None:
        with self.setup() as setup:
            setup.ledger.decide([Decision(record_id=one, state=state, **more) for one in ids], "run", "rosa")

    def event(self, kind: str, record: str, **detail: str) -> None:
        with self.setup() as setup:
            now = self.clock.now()
            setup.ledger.audit(AuditEvent(at=now, who="rosa", kind=kind, record=record, run=None, detail=detail))

    def good_run(self, mapping: str, **result: Any) -> None:
        with self.setup() as setup:
            run = setup.make_id()
            setup.ledger.start_run(run, mapping, "rosa")
            setup.ledger.end_run(run, {"stopped": "", "broke_off": "", **result})

    def _records(
        self, amounts: tuple[str, ...], state: State, *, currency: str, mapping: str, cause: str
    ) -> list[int]:
        with self.setup() as setup:
            ids = []
            for amount in amounts:
                self.number += 1
                key = RecordKey(connection="airbase", feed=FEED, source_id=f"record-{self.number}")
                setup.ledger.register([SourceRecord(key=key, company=None, payload={"vendor": "Rosa Luz"})], "run")
                (row,) = setup.ledger.records(keys=[str(key)])
                told = {"mapping": mapping, "company": "EPIC06", "amount": Decimal(amount), "currency": currency}
                decision = Decision(record_id=row.id, state=state, cause=cause, reason="of Rosa Luz", **told)  # type: ignore[arg-type]
                setup.ledger.decide([decision], "run", "rosa")
                ids.append(row.id)
            return ids

    def _sent(self, amounts: tuple[str, ...], mapping: str, proof: str, state: State, cause: str) -> list[int]:
        ids = self._records(amounts, State.READY, currency="USD", mapping=mapping, cause="")
        with self.setup() as setup:
            lease = setup.ledger.take_lease("turn", "rosa", 60)
            assert lease is not None
            for one in ids:
                intent = Intent(
                    record_id=one,
                    namespace="n",
                    dedupe_key=f"K{one}",
                    document_hash="d",
                    mapping_hash="m",
                    request={"call": "x"},
                )
                attempt = setup.ledger.begin(intent, lease, "run", "rosa")
                decision = Decision(record_id=one, state=state, cause=cause, reason="of Rosa Luz")
                end = Conclusion(
                    proof=proof, status=400, message="told", answer={}, decision=decision, doubt=self.clock.instant()
                )
                setup.ledger.conclude_many([(attempt, end)], "run", "rosa")
        return ids


def make_desk(shared: Path, folder: Path, alerts: str) -> Desk:
    """A workspace in `folder` with this alerts.yaml, and the secrets of its channels."""
    loaded = demo(shared)
    folder.mkdir()
    (folder / "alerts.yaml").write_text(alerts, encoding="utf-8")
    found, problems = load_alerts(folder / "alerts.yaml", folder, mappings=["bills", "credits", "vendors"])
    assert not problems, problems
    assert found is not None
    create_key(folder, environ={})
    others = shutil.ignore_patterns(*(f"{spec.name}.yaml" for spec in loaded.specs if spec.name != "vendors"))
    shutil.copytree(shared / "mappings", folder / "mappings", ignore=others)  # commands load fewer more quickly
    for name in ("books.yaml", "connections.yaml"):
        shutil.copy(shared / name, folder / name)
    workspace = replace(loaded, folder=folder, alerts=found)
    vault = open_vault(workspace)
    for name, channel in found.channels.items():
        text = {"webhook": SIGNING, "email": "the-mail-password"}.get(
            channel.kind, f"{channel.address}/{HOOK}?sig={HOOK}"
        )
        if channel.secret_field is not None:
            vault.set(f"alerts.{name}", channel.secret_field[0], Secret(text))
    for connection, credential in (
        ("airbase", "api_key"),
        ("epicor", "api_key"),
        ("epicor", "username"),
        ("epicor", "password"),
    ):
        vault.set(connection, credential, Secret("x"))
    return Desk(workspace=workspace, clock=ManualClock(NOW))
