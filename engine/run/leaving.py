"""The last word on a document before it leaves: only while nothing stopped the sending and the turn is ours."""

from __future__ import annotations

from engine.adapters.connectors.port import Answer, Call, Connector
from engine.adapters.store.port import Lease, TurnLost
from engine.domain.outcome import Proof
from engine.run.budget import Budget
from engine.run.setup import Setup
from engine.run.turns import RENEWALS
from engine.wire.request import MayLeave
from engine.words.errors import CredentialsError, LedgerError


def while_ours(setup: Setup, budget: Budget, lease: Lease) -> MayLeave:
    """Made before the intent is written, asked right before the document leaves, however long it waited between.

    Where that was long, the target is slow, or this process or its machine was put to sleep: then another runner
    may have taken the turn meanwhile, looked the document up and sent it. So the ledger is asked for more time.
    """
    clock, long_s = setup.clock, setup.lease_s / RENEWALS
    began, began_at = clock.instant(), clock.now()

    def why_not() -> str:
        passed_s = clock.instant().seconds - began.seconds, abs((clock.now() - began_at).total_seconds())
        if max(passed_s) > long_s and not budget.stopped:
            try:
                setup.ledger.renew_lease(lease, setup.lease_s)
            except (TurnLost, LedgerError) as error:
                budget.stop(str(error))
        return budget.why_not()

    return why_not


def called(connector: Connector, call: Call) -> Answer:
    """The call's answer; without a credential to call with, nothing left this machine."""
    try:
        return connector.call(call)
    except CredentialsError as error:
        return Answer(proof=Proof.NOT_SENT, status=None, message=str(error), passing=True)
