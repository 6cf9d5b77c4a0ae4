"""Entering documents one by one: ensure, defaults, intent, the one call with an effect, read-back, outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.adapters.connectors.answers import BadAnswer
from engine.adapters.connectors.port import Answer, Call, Connector, Lookup, Match, Row
from engine.adapters.store.port import Attempt, ClaimTaken, Conclusion, Decision, Intent, Lease, NotReady, RecordRow
from engine.domain.lifecycle import State
from engine.domain.outcome import Proof
from engine.language.spec.call_model import CallSpec, EnsureSpec
from engine.language.spec.model import MappingSpec
from engine.plan.decision import Document
from engine.plan.proposed_rows import lay_over
from engine.run.budget import TAKEN, Budget
from engine.run.concluding import conclude_answer, decision_for, entered, succeeded
from engine.run.judging import already_there, second_of
from engine.run.leaving import called, while_ours
from engine.run.matching import Found, find_documents
from engine.run.pool import SendPool
from engine.run.sent import request_of
from engine.run.setup import STOPPING, Setup, Tell
from engine.words.errors import CredentialsError, Unreachable
from engine.words.json_value import canonical

READ_TOGETHER = 20
"""Documents read back in one question, once the target has shown so many in a row as they were sent."""

Work = tuple[Document, RecordRow, Lease]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A document that the target says it took: its attempt is open until it was read back."""

    document: Document
    row: RecordRow
    attempt: Attempt
    answer: Answer


@dataclass(slots=True)
class Sender:
    """Sends documents of one mapping; its methods are called from the threads of a pool.

    When the budget is spent, it stops sending: the rest stays ready for the next run.
    """

    setup: Setup
    spec: MappingSpec
    run: str
    budget: Budget
    tell: Tell
    concluded: Callable[[RecordRow], None]
    _ensured: set[str] = field(default_factory=set)
    _missing: set[str] = field(default_factory=set)
    _unmade: dict[str, Answer] = field(default_factory=dict)
    _proposed: dict[bytes, Answer] = field(default_factory=dict)
    _asking: dict[bytes, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _at_once: int = field(init=False)
    _leaving: threading.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._at_once = self.setup.in_flight(self.spec.target.connection)
        self._leaving = threading.Semaphore(self._at_once)

    def pool(self) -> SendPool[Work, Sent]:
        """The threads that send: almost twice as many as may ask at once, since many of them wait for the ledger.

        Where one may ask at once, there is one, and the documents are sent in their order.

        Besides what our store raises (LedgerError, TurnLost), the pool gives Unreachable when the target could
        not be asked whether a group exists: the documents stay ready.
        """
        return SendPool(
            threads=2 * self._at_once - 1,
            together=self._together,
            send=self._send,
            check=self._read_back_all,
            stop=self.budget.stop,
        )

    def _together(self) -> int:
        """How many are read back in one question: while nothing is proven, no more than may fail in a row."""
        proven = self.budget.proven_in_a_row >= READ_TOGETHER
        return READ_TOGETHER if proven else min(READ_TOGETHER, self.budget.unentered_max)

    def group_of(self, document: Document) -> object:
        """What is sent one after another: the same value for documents of one group."""
        group = self.spec.target.at_once_per
        return object() if group is None else f"{document.company}|{group.render(document.scope)}"

    def look_ahead(self, documents: Sequence[Document]) -> None:
        """Ask in one question which of what must exist before these are sent is there, as far as it is not known yet.

        Raises:
            Unreachable: the target could not be asked.
        """
        connector = self.setup.connectors[self.spec.target.connection]
        for ensure in self.spec.target.ensure:
            by_company: dict[str | None, dict[Match, str]] = {}
            for document in documents:
                match, name = _needed(ensure, document)
                if name not in self._ensured and name not in self._missing and name not in self._unmade:
                    by_company.setdefault(document.company, {})[match] = name
            for company, needed in by_company.items():
                try:
                    found = connector.find(Lookup(set=ensure.set, matches=tuple(needed), company=company))
                except BadAnswer:
                    continue  # one of them may be what cannot be asked for: each is asked for before its own document
                for match, name in needed.items():
                    (self._ensured if found[match] else self._missing).add(name)

    def _send(self, work: Work) -> Sent | None:
        """One document; gives it when it is to be read back."""
        document, row, lease = work
        if self.setup.stopping():
            self.budget.stop(STOPPING)
        if self.budget.stopped:
            return None
        connector = self.setup.connectors[self.spec.target.connection]
        answer, body = self._ensure(connector, document), document.body
        if answer is None:
            answer, body = self._with_defaults(connector, document)
        if answer is not None:
            self._not_prepared(document, row, answer)
            return None
        call = Call(
            verb=document.verb,
            path=document.path,
            company=document.company,
            params=document.params,
            body=body,
            effect=True,
            may_leave=while_ours(self.setup, self.budget, lease),
        )
        attempt = self._begin(document, row, lease, call)
        if attempt is None:
            return None
        with self._leaving:
            answer, conclusion = self._carry_out(connector, document, row, call)
        if conclusion is None:
            return Sent(document=document, row=row, attempt=attempt, answer=answer)
        self._conclude([(row, attempt, conclusion)])
        return None

    def _carry_out(
        self, connector: Connector, document: Document, row: RecordRow, call: Call
    ) -> tuple[Answer, Conclusion | None]:
        """The answer, and what follows from it unless the document is to be read back.

        What it says of those to come is counted before the next one leaves.
        """
        answer = called(connector, call)
        if (answer.ok and succeeded(self.spec, answer)) or answer.proof is Proof.DUPLICATE:
            self.budget.count(answer, taken=True)
            return answer, None
        now = self.setup.clock.instant()
        conclusion = conclude_answer(self.spec, row.id, document, answer, done=False, now=now)
        self.budget.count(answer, taken=conclusion.decision.state in TAKEN)
        return answer, conclusion

    def _conclude(self, ended: Sequence[tuple[RecordRow, Attempt, Conclusion]]) -> None:
        self.setup.ledger.conclude_many([(attempt, one) for _, attempt, one in ended], self.run, self.setup.who)
        for row, _, conclusion in ended:
            self.concluded(_after(row, conclusion.decision))
        with self._lock:
            self.tell("sent", sum(one.proof != Proof.NOT_SENT for _, _, one in ended))

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
            match, needed = _needed(ensure, document)
            if needed in self._ensured:
                continue
            if needed in self._unmade:
                return self._unmade[needed]
            found: Mapping[Match, Sequence[Row]] = {}
            if needed not in self._missing:
                try:
                    found = connector.find(Lookup(set=ensure.set, matches=[match], company=document.company))
                except BadAnswer as error:
                    return Answer(proof=Proof.NONE, status=error.status, message=str(error))
            self._missing.discard(needed)  # after one try to make it, only the target knows
            if not found.get(match):
                body = ensure.create.body.render(document.scope) if ensure.create.body else None
                for defaults in ensure.defaults:
                    answer = self._propose(connector, defaults, document)
                    if not answer.ok:
                        return answer
                    body = lay_over(answer.body, body, without=defaults.without)
                answer = connector.call(
                    Call(
                        verb=ensure.create.verb,
                        path=str(ensure.create.path.render(document.scope)),
                        company=document.company,
                        body=body,
                        effect=True,
                        may_leave=self.budget.why_not,
                    )
                )
                if not answer.ok and answer.proof is not Proof.DUPLICATE:
                    if _refuses(answer):  # asked once a run, and counted once: not for every document that needs it
                        self._unmade[needed] = answer
                        self.budget.count(answer, taken=False)
                    return answer
            self._ensured.add(needed)
        return None

    def _with_defaults(self, connector: Connector, document: Document) -> tuple[Answer | None, Any]:
        body = document.body
        for defaults in self.spec.target.defaults:
            answer = self._propose(connector, defaults, document)
            if not answer.ok:
                return answer, body
            body = lay_over(answer.body, body, without=defaults.without)
        return None, body

    def _propose(self, connector: Connector, call: CallSpec, document: Document) -> Answer:
        """The rows that a call without effect proposes; one question is asked once for all of one `once_per`."""
        question = Call(
            verb=call.verb,
            path=str(call.path.render(document.scope)),
            company=document.company,
            params=tuple((name, str(value.render(document.scope))) for name, value in call.params),
            body=call.body.render(document.scope) if call.body else None,
            may_leave=self.budget.why_not,
        )
        if call.once_per is None:
            return connector.call(question)
        asked = [question.company, question.verb, question.path, question.params, question.body]
        once = canonical([call.once_per.render(document.scope), *asked])
        with self._lock:
            asking = self._asking.setdefault(once, threading.Lock())
        with asking:  # who needs the same at the same moment waits for the one answer
            answer = self._proposed.get(once) or connector.call(question)
            if answer.ok:
                self._proposed[once] = answer
        return answer

    def _not_prepared(self, document: Document, row: RecordRow, answer: Answer) -> None:
        """A step before the one with an effect failed: the document itself was not sent; the next run tries again."""
        if answer.proof is Proof.NOT_SENT and self.budget.stopped:
            return  # nothing was tried for it: it stays ready as it is
        refused = _refuses(answer)
        if not refused:
            self.budget.count_refusal_of_us(answer)
        elif not any(answer is known for known in self._unmade.values()):
            self.budget.count(answer, taken=False)
        said = f"{'refused' if refused else 'did not carry out'} the preparation: {answer.message or 'no answer'}"
        decision = decision_for(
            row.id,
            document.facts,
            state=State.HELD if refused else State.READY,
            cause="not_prepared" if refused else "not_accepted",
            reason=f"{self.spec.target.connection} {said}",
            was=State.READY,  # else somebody has dealt with it meanwhile
        )
        self.setup.ledger.decide([decision], self.run, self.setup.who)

    def _read_back_all(self, sent: Sequence[Sent]) -> None:
        """What the target kept of each, asked for together; where that fails, of each by itself.

        Where we are not let in any more, nothing is asked again: every login that is refused counts against us.
        """
        connector = self.setup.connectors[self.spec.target.connection]
        try:
            found = find_documents(connector, self.spec, [one.document for one in sent])
            ended = [(one.row, one.attempt, self._read_back(one, found)) for one in sent]
        except CredentialsError as error:
            self.budget.stop(str(error))
            ended = [(one.row, one.attempt, self._unread(one, error)) for one in sent]
        except Unreachable as error:
            if len(sent) > 1:
                for one in sent:
                    self._read_back_all([one])
                return
            ended = [(one.row, one.attempt, self._unread(one, error)) for one in sent]
        for _, _, conclusion in ended:
            decision = conclusion.decision
            self.budget.count_read_back(proven=decision.state in TAKEN, said=decision.reason)
        self._conclude(ended)

    def _unread(self, sent: Sent, error: Exception) -> Conclusion:
        reason = f"answered, but could not be read back: {error}"
        decision = decision_for(
            sent.row.id, sent.document.facts, state=State.IN_DOUBT, cause="no_answer", reason=reason
        )
        return Conclusion(
            proof=sent.answer.proof.value,
            status=sent.answer.status,
            message=reason,
            answer=sent.answer.response,
            decision=decision,
            doubt=self.setup.clock.instant(),
        )

    def _read_back(self, sent: Sent, by_claim: Mapping[str, Found]) -> Conclusion:
        document, row, answer = sent.document, sent.row, sent.answer
        found = by_claim.get(document.claim_text)
        if found is None and (self.spec.dedupe is None or not self.spec.dedupe.find):
            decision = entered(self.spec, row.id, document, row.payload_hash, None)
        elif found is None:
            return self._unread(sent, Unreachable("it is not found under its own key"))
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


def _needed(ensure: EnsureSpec, document: Document) -> tuple[Match, str]:
    """What must exist before the document, as it is looked for and as it is remembered."""
    match = tuple((name, value.render(document.scope)) for name, value in ensure.match)
    return match, f"{document.company}|{ensure.set}|{match}"


def _refuses(answer: Answer) -> bool:
    """Whether it is about what was asked, and not about us or the moment."""
    return answer.proof in (Proof.NO_EFFECT, Proof.DUPLICATE) and not answer.passing


def _after(row: RecordRow, decision: Decision) -> RecordRow:
    """The record as the decision left it, as far as writing it back needs."""
    return replace(
        row,
        state=decision.state,
        cause=decision.cause,
        reason=decision.reason,
        company=decision.company or row.company,
        label=decision.label or row.label,
        reference=decision.reference or row.reference,
        acknowledged=decision.acknowledged or row.acknowledged,
    )


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
        request=request_of(spec, document, call),
        in_step=spec.in_step,
    )
