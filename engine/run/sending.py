"""Entering documents one by one: ensure, defaults, intent, the one call with an effect, read-back, outcome."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from engine.adapters.connectors.answers import BadAnswer
from engine.adapters.connectors.port import Answer, Call, Connector
from engine.adapters.store.port import Attempt, ClaimTaken, Conclusion, Intent, Lease, NotReady, RecordRow
from engine.domain.lifecycle import State
from engine.domain.outcome import Proof
from engine.language.spec.model import CallSpec, MappingSpec
from engine.language.transform.document import lay_over
from engine.plan.decision import Document
from engine.run.budget import TAKEN, Budget
from engine.run.concluding import conclude_answer, decision_for, entered, succeeded
from engine.run.judging import already_there, second_of
from engine.run.matching import find_documents
from engine.run.sent import remember
from engine.run.setup import STOPPING, Setup, Tell
from engine.words.errors import CredentialsError, Unreachable


@dataclass(slots=True)
class Sender:
    """Sends documents of one mapping; safe to use from the threads of its own pool.

    When the budget is spent, it stops sending: the rest stays ready for the next run.
    """

    setup: Setup
    spec: MappingSpec
    run: str
    budget: Budget
    tell: Tell
    _groups: dict[str, threading.Lock] = field(default_factory=dict)
    _ensured: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send_all(self, documents: Sequence[tuple[Document, RecordRow, Lease]]) -> None:
        """Send each document once, as many at a time as the connection allows.

        Raises:
            LedgerError: our own store failed; nothing more is sent.
            TurnLost: another runner took over; nothing more is sent.
            Unreachable: the target could not be asked whether a group exists; the documents stay ready.
        """
        if not documents:
            return
        with ThreadPoolExecutor(max_workers=self.setup.in_flight(self.spec.target.connection)) as pool:
            futures = [pool.submit(self._send, document, row, lease) for document, row, lease in documents]
            try:
                done, waiting = wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                # Also when a person interrupts: what has not begun is not begun.
                for future in futures:
                    future.cancel()
        for future in done | waiting:
            if not future.cancelled():
                future.result()

    def _send(self, document: Document, row: RecordRow, lease: Lease) -> None:
        group = self.spec.target.at_once_per
        if group is None:
            self._send_unless_stopped(document, row, lease)
            return
        with self._group_lock(f"{document.company}|{group.render(document.scope)}"):
            self._send_unless_stopped(document, row, lease)

    def _send_unless_stopped(self, document: Document, row: RecordRow, lease: Lease) -> None:
        if self.setup.stopping():
            self.budget.stop(STOPPING)
        if not self.budget.stopped:
            self._prepare_and_send(document, row, lease)

    def _group_lock(self, name: str) -> threading.Lock:
        with self._lock:
            return self._groups.setdefault(name, threading.Lock())

    def _prepare_and_send(self, document: Document, row: RecordRow, lease: Lease) -> None:
        connector = self.setup.connectors[self.spec.target.connection]
        unwilling = self._ensure(connector, document)
        answer: Answer | None = unwilling
        body = document.body
        if answer is None:
            answer, body = self._with_defaults(connector, document)
        if answer is not None:
            self._not_prepared(document, row, answer)
            return
        call = Call(
            verb=document.verb,
            path=document.path,
            company=document.company,
            params=document.params,
            body=body,
            effect=True,
        )
        attempt = self._begin(document, row, lease, call)
        if attempt is not None:
            answer = called(connector, call)
            conclusion = self._conclusion(connector, document, row, answer)
            self.budget.count(answer, taken=conclusion.decision.state in TAKEN)
            self.setup.ledger.conclude(attempt, conclusion, self.run, self.setup.who)
            with self._lock:
                self.tell("sent", 1)

    def _begin(self, document: Document, row: RecordRow, lease: Lease, call: Call) -> Attempt | None:
        try:
            return self.setup.ledger.begin(intent_of(self.spec, document, row, call), lease, self.run, self.setup.who)
        except NotReady:
            return None  # another runner sent it since this one read it
        except ClaimTaken as taken:
            hold_second(self.setup, self.run, document, taken)
            return None

    def _ensure(self, connector: Connector, document: Document) -> Answer | None:
        """Make what must exist first; gives the answer of a call that was not carried out."""
        for ensure in self.spec.target.ensure:
            match = tuple((name, value.render(document.scope)) for name, value in ensure.match)
            remembered = f"{document.company}|{ensure.set}|{match}"
            if remembered in self._ensured:
                continue
            try:
                there = connector.find(ensure.set, [match], company=document.company)[match]
            except BadAnswer as error:
                return Answer(proof=Proof.NONE, status=error.status, message=str(error))
            if not there:
                body = ensure.create.body.render(document.scope) if ensure.create.body else None
                for defaults in ensure.defaults:
                    answer = self._call(connector, defaults, document, effect=False)
                    if not answer.ok:
                        return answer
                    body = lay_over(answer.body, body)
                answer = connector.call(
                    Call(
                        verb=ensure.create.verb,
                        path=str(ensure.create.path.render(document.scope)),
                        company=document.company,
                        body=body,
                        effect=True,
                    )
                )
                if not answer.ok and answer.proof is not Proof.DUPLICATE:
                    return answer
            self._ensured.add(remembered)
        return None

    def _with_defaults(self, connector: Connector, document: Document) -> tuple[Answer | None, Any]:
        body = document.body
        for defaults in self.spec.target.defaults:
            answer = self._call(connector, defaults, document, effect=False)
            if not answer.ok:
                return answer, body
            body = lay_over(answer.body, body)
        return None, body

    def _call(self, connector: Connector, call: CallSpec, document: Document, *, effect: bool) -> Answer:
        return connector.call(
            Call(
                verb=call.verb,
                path=str(call.path.render(document.scope)),
                company=document.company,
                params=tuple((name, str(value.render(document.scope))) for name, value in call.params),
                body=call.body.render(document.scope) if call.body else None,
                effect=effect,
            )
        )

    def _not_prepared(self, document: Document, row: RecordRow, answer: Answer) -> None:
        """A step before the one with an effect failed: the document itself was not sent; the next run tries again."""
        refused = answer.proof in (Proof.NO_EFFECT, Proof.DUPLICATE) and not answer.passing
        if refused:
            self.budget.count(answer, taken=False)
        else:
            self.budget.count_refusal_of_us(answer)
        said = f"{'refused' if refused else 'did not carry out'} the preparation: {answer.message or 'no answer'}"
        decision = decision_for(
            row.id,
            document.facts,
            state=State.HELD if refused else State.READY,
            cause="refused" if refused else "not_accepted",
            reason=f"{self.spec.target.connection} {said}",
            was=State.READY,  # else somebody has dealt with it meanwhile
        )
        self.setup.ledger.decide([decision], self.run, self.setup.who)

    def _conclusion(self, connector: Connector, document: Document, row: RecordRow, answer: Answer) -> Conclusion:
        done = succeeded(self.spec, answer)
        now = self.setup.clock.instant()
        if (answer.ok and done) or answer.proof is Proof.DUPLICATE:
            try:
                return self._read_back(connector, document, row, answer)
            except (Unreachable, CredentialsError) as error:
                reason = f"answered, but could not be read back: {error}"
                decision = decision_for(
                    row.id, document.facts, state=State.IN_DOUBT, cause="no_answer", reason=reason
                )
                return Conclusion(
                    proof=answer.proof.value,
                    status=answer.status,
                    message=reason,
                    answer=answer.response,
                    decision=decision,
                    doubt=now,
                )
        return conclude_answer(self.spec, row.id, document, answer, done=done, now=now)

    def _read_back(self, connector: Connector, document: Document, row: RecordRow, answer: Answer) -> Conclusion:
        found = find_documents(connector, self.spec, [document]).get(document.claim_text)
        if found is None and (self.spec.dedupe is None or not self.spec.dedupe.find):
            decision = entered(self.spec, row.id, document, row.payload_hash, None)
        elif found is None:
            raise Unreachable("it is not found under its own key")
        elif answer.proof is Proof.DUPLICATE and not found.equal:
            put = already_there(document, found)
            decision = decision_for(row.id, document.facts, state=put.state, cause=put.cause, reason=put.reason)
        else:
            differences = "; ".join(found.differences)
            decision = entered(self.spec, row.id, document, row.payload_hash, found.reference, differences)
        return Conclusion(
            proof=answer.proof.value,
            status=answer.status,
            message=answer.message,
            answer=answer.response,
            decision=decision,
        )


def called(connector: Connector, call: Call) -> Answer:
    """The call's answer; without a credential to call with, nothing left this machine."""
    try:
        return connector.call(call)
    except CredentialsError as error:
        return Answer(proof=Proof.NOT_SENT, status=None, message=str(error), passing=True)


def hold_second(setup: Setup, run: str, document: Document, taken: ClaimTaken) -> None:
    """Hold a record whose dedupe key another one claimed after it was judged."""
    put = second_of(document, taken.holder)
    decision = decision_for(
        taken.record_id, document.facts, state=put.state, cause=put.cause, reason=put.reason, was=State.READY
    )
    setup.ledger.decide([decision], run, setup.who)


def intent_of(spec: MappingSpec, document: Document, row: RecordRow, call: Call) -> Intent:
    """What is written down before a call with an effect leaves."""
    return Intent(
        record_id=row.id,
        namespace=document.namespace,
        dedupe_key=document.key_text,
        document_hash=document.hash,
        mapping_hash=spec.content_hash,
        request={
            "verb": call.verb,
            "path": call.path,
            "company": call.company,
            "body": call.body,
            "sent": remember(spec, document),
        },
        in_step=spec.in_step,
    )
